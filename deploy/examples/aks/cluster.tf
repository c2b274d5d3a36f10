# A cluster whose nodes patch themselves and wait for a reboot. Of an existing one, take the lines with a comment.

variable "resource_group_name" { type = string }
variable "location" { type = string }

resource "azurerm_kubernetes_cluster" "this" {
  name                = "lockkeeper-example"
  resource_group_name = var.resource_group_name
  location            = var.location
  dns_prefix          = "lockkeeper-example"

  # The only channel that leaves the reboot to you. A change to it reimages every node once.
  node_os_upgrade_channel = "Unmanaged"
  # Versions of Kubernetes; never "node-image", which would force the channel above to NodeImage.
  automatic_upgrade_channel = "patch"

  # When AKS upgrades, and Lockkeeper's windows in values.yaml are closed.
  maintenance_window_auto_upgrade {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = "Saturday"
    start_time  = "22:00"
    utc_offset  = "+01:00"
    duration    = 6
  }

  default_node_pool {
    name       = "system"
    node_count = 3
    vm_size    = "Standard_D2s_v5"
    # Azure Linux is patched too; Windows is not, under this channel.
    os_sku = "Ubuntu"

    upgrade_settings {
      max_surge = "10%"
    }
  }

  identity {
    type = "SystemAssigned"
  }
}
