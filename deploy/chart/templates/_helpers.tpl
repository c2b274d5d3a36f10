{{- define "lockkeeper.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "lockkeeper.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "lockkeeper.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "lockkeeper.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Labels by which pods are selected; they never change. Takes a list: the root, the component. */}}
{{- define "lockkeeper.selector" -}}
app.kubernetes.io/name: {{ include "lockkeeper.name" (index . 0) | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Takes a list: the root, the component. */}}
{{- define "lockkeeper.labels" -}}
{{ include "lockkeeper.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
{{- end }}

{{/*
Of what bounds a right. Argo CD would apply it last of all, after those who have the right; nobody else reads it.
*/}}
{{- define "lockkeeper.first" -}}
argocd.argoproj.io/sync-wave: '-1'
{{- end }}

{{/* Takes a list: the root, the component, its whole image. */}}
{{- define "lockkeeper.image" -}}
{{- $image := (index . 0).Values.image -}}
{{- if index . 2 -}}
{{- index . 2 }}
{{- else if not $image.registry -}}
{{- fail (printf "image.registry is needed: where you have pushed the images, as docs/install.md says; or %s.image" (index . 1)) }}
{{- else if $image.tag -}}
{{- printf "%s/%s:%s" $image.registry (index . 1) $image.tag }}
{{- else -}}
{{- $digest := get $image.digests (index . 1) -}}
{{- printf "%s/%s:%s%s" $image.registry (index . 1) (index . 0).Chart.AppVersion (ternary (printf "@%s" $digest) "" (ne $digest "")) }}
{{- end }}
{{- end }}

{{- define "lockkeeper.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Takes a list: the root, the name that was asked for. */}}
{{- define "lockkeeper.priorityClass" -}}
{{- $root := index . 0 -}}
{{- $name := default (ternary (include "lockkeeper.fullname" $root) "" $root.Values.priorityClass.create) (index . 1) }}
{{- with $name -}}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end }}

{{/*
The policy as it was written. Helm reads YAML 1.1, where the key `on` of a receiver is the boolean true unless it is quoted.
*/}}
{{- define "lockkeeper.policy" -}}
{{- $policy := deepCopy .Values.policy }}
{{- range $policy.notifications }}
{{- if hasKey . "true" }}
{{- $_ := set . "on" (get . "true") }}
{{- $_ := unset . "true" }}
{{- end }}
{{- end }}
{{- toYaml $policy }}
{{- end }}

{{/* "true" where a pool deletes what it cannot evict. */}}
{{- define "lockkeeper.deletesPods" -}}
{{- range .Values.policy.pools }}
{{- if eq (dig "drain" "onTimeout" "undo" .) "delete" }}true{{ end }}
{{- end }}
{{- end }}

{{/* "true" where the agent runs something on the host, and therefore has to be able to do everything there. */}}
{{- define "lockkeeper.entersHost" -}}
{{- if or (eq .Values.agent.reboot.method "command") .Values.agent.sentinel.command }}true{{ end }}
{{- end }}

{{/* Of what stays while its own node is cordoned, drained and rebooted, but is not sent to one that is down already. */}}
{{- define "lockkeeper.tolerations" -}}
- key: node.kubernetes.io/unschedulable
  operator: Exists
{{- range list "not-ready" "unreachable" }}
- key: node.kubernetes.io/{{ . }}
  operator: Exists
  effect: NoExecute
{{- end }}
{{- with .Values.worker.tolerations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* "true" where Temporal is brought along, in the worker's own pod. */}}
{{- define "lockkeeper.embedded" -}}
{{- if not .Values.temporal.address }}true{{ end }}
{{- end }}

{{- define "lockkeeper.workerKind" -}}
{{- if include "lockkeeper.embedded" . }}StatefulSet{{ else }}Deployment{{ end }}
{{- end }}

{{/* The variables by which the temporal CLI and every SDK find their server, and our keys for what is kept there. */}}
{{- define "lockkeeper.temporalEnv" -}}
{{- $tls := .Values.temporal.tls -}}
- name: TEMPORAL_ADDRESS
  value: {{ default "127.0.0.1:7233" .Values.temporal.address | quote }}
- name: TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
{{- with .Values.temporal.apiKey }}
{{- if .secret }}
- name: TEMPORAL_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .secret | quote }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
{{- if or $tls.enabled $tls.clientSecret $tls.caSecret $tls.serverName .Values.temporal.apiKey.secret }}
- name: TEMPORAL_TLS
  value: 'true'
{{- end }}
{{- if $tls.clientSecret }}
- name: TEMPORAL_TLS_CLIENT_CERT_PATH
  value: /etc/temporal-client/tls.crt
- name: TEMPORAL_TLS_CLIENT_KEY_PATH
  value: /etc/temporal-client/tls.key
{{- end }}
{{- if $tls.caSecret }}
- name: TEMPORAL_TLS_SERVER_CA_CERT_PATH
  value: /etc/temporal-ca/ca.crt
{{- end }}
{{- with $tls.serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ . | quote }}
{{- end }}
{{- with .Values.temporal.encryption }}
{{- if .keySecret }}
- name: LOCKKEEPER_PAYLOAD_KEY_FILE
  value: {{ printf "/etc/lockkeeper-keys/%s" .key | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The Secrets a pod needs that speaks to Temporal: those of the connection, the keys of payloads, and what worker.env may name.
Mounts and volumes belong together, and every such pod has them all.
*/}}
{{- define "lockkeeper.secretMounts" -}}
{{- if .Values.temporal.tls.clientSecret }}
- name: temporal-client
  mountPath: /etc/temporal-client
  readOnly: true
{{- end }}
{{- if .Values.temporal.tls.caSecret }}
- name: temporal-ca
  mountPath: /etc/temporal-ca
  readOnly: true
{{- end }}
{{- if .Values.temporal.encryption.keySecret }}
- name: payload-keys
  mountPath: /etc/lockkeeper-keys
  readOnly: true
{{- end }}
{{- range .Values.worker.secretFiles }}
- name: {{ printf "secret-%s" . | quote }}
  mountPath: {{ printf "/etc/lockkeeper-secrets/%s" . | quote }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "lockkeeper.secretVolumes" -}}
{{- with .Values.temporal.tls.clientSecret }}
- name: temporal-client
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- with .Values.temporal.tls.caSecret }}
- name: temporal-ca
  secret:
    secretName: {{ . | quote }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- with .Values.temporal.encryption }}
{{- if .keySecret }}
- name: payload-keys
  secret:
    secretName: {{ .keySecret | quote }}
    items:
      - key: {{ .key | quote }}
        path: {{ .key | quote }}
{{- end }}
{{- end }}
{{- range .Values.worker.secretFiles }}
- name: {{ printf "secret-%s" . | quote }}
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- end }}

{{/* What a pod may that needs nothing of its node: enough for Pod Security's level `restricted`. */}}
{{- define "lockkeeper.restrictedPod" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
# So that mounted secrets can be read by that group, and by nobody else.
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "lockkeeper.restrictedContainer" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
