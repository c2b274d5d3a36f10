# Lockkeeper, with a Temporal of its own, on the cluster of cluster.tf.

terraform {
  required_version = ">= 1.5"
  required_providers {
    azurerm    = { source = "hashicorp/azurerm", version = "~> 4.0" }
    kubernetes = { source = "hashicorp/kubernetes", version = "~> 2.30" }
    # Since 3.0 `kubernetes` and `set` are attributes, with an equals sign.
    helm = { source = "hashicorp/helm", version = "~> 3.0" }
  }
}

variable "subscription_id" {
  type        = string
  description = "azurerm does not take it from az login: az account show --query id"
}

variable "image_registry" {
  type        = string
  description = "Where you have pushed worker and agent: docs/install.md, \"The images\""
}

variable "container_registry_id" {
  type        = string
  description = "That registry in Azure, from which the nodes may then pull: az acr show -n NAME --query id. Null: they may already"
  default     = null
}

variable "chart" {
  type        = string
  description = "The chart: its directory in a checkout, or a packed one"
  default     = "../../chart"
}

provider "azurerm" {
  features {}
  subscription_id = var.subscription_id
}

locals {
  cluster = {
    host                   = azurerm_kubernetes_cluster.this.kube_config[0].host
    client_certificate     = base64decode(azurerm_kubernetes_cluster.this.kube_config[0].client_certificate)
    client_key             = base64decode(azurerm_kubernetes_cluster.this.kube_config[0].client_key)
    cluster_ca_certificate = base64decode(azurerm_kubernetes_cluster.this.kube_config[0].cluster_ca_certificate)
  }
}

provider "kubernetes" {
  host                   = local.cluster.host
  client_certificate     = local.cluster.client_certificate
  client_key             = local.cluster.client_key
  cluster_ca_certificate = local.cluster.cluster_ca_certificate
}

provider "helm" {
  kubernetes = local.cluster
}

# Helm could make the namespace, but not label it for Pod Security.
resource "kubernetes_namespace_v1" "lockkeeper" {
  metadata {
    name   = "lockkeeper"
    labels = { "pod-security.kubernetes.io/enforce" = "privileged" }
  }
}

# Who applies it needs the right to assign roles there.
resource "azurerm_role_assignment" "pull" {
  count                = var.container_registry_id == null ? 0 : 1
  scope                = var.container_registry_id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_kubernetes_cluster.this.kubelet_identity[0].object_id
  # The identity is new, and Entra may not show it everywhere yet.
  skip_service_principal_aad_check = true
}

resource "helm_release" "lockkeeper" {
  name      = "lockkeeper"
  namespace = kubernetes_namespace_v1.lockkeeper.metadata[0].name
  chart     = var.chart
  values    = [file("${path.module}/values.yaml")]
  set       = [{ name = "image.registry", value = var.image_registry }]
  # `terraform destroy` waits for rollouts under way, as helm uninstall does.
  timeout = 1200
  # Waiting for Ready, it would fail whenever one node is away for longer than that, perhaps for its reboot.
  wait = false
  # One that failed at first is not in Terraform's state; without this the next apply could not use its name.
  upgrade_install = true
  # Not only to begin with: what Helm runs before it uninstalls is pulled as well.
  depends_on = [azurerm_role_assignment.pull]
}
