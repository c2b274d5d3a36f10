{{/*
The Temporal that is brought along: the server that is run in production, all of it in one process, with SQLite. Everything
listens on the loopback of the pod.
*/}}

{{- define "lockkeeper.databaseCheck" -}}
# Before the server opens it: it would start with the database of another version, and fail in the middle of the work.
- name: database
  image: {{ include "lockkeeper.image" (list . "worker" .Values.worker.image) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [node, /app/worker/embedded/main.js]
  env:
    - name: LOCKKEEPER_DATABASE
      value: /var/lib/temporal/temporal.db
  resources:
    requests: { cpu: 10m, memory: 64Mi }
    limits: { memory: 256Mi }
  securityContext:
    {{- include "lockkeeper.restrictedContainer" . | nindent 4 }}
  volumeMounts:
    - name: temporal-data
      mountPath: /var/lib/temporal
{{- end }}

{{- define "lockkeeper.temporalContainers" -}}
{{- $embedded := .Values.temporal.embedded -}}
- name: temporal
  image: {{ $embedded.image | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [temporal-server, --allow-no-auth, start]
  env:
    - name: BIND_ON_IP
      value: 127.0.0.1
    - name: DB
      value: sqlite
    # Both in one file, so that they are of one moment.
    - name: DBNAME
      value: /var/lib/temporal/temporal.db
    - name: VISIBILITY_DBNAME
      value: /var/lib/temporal/temporal.db
    # What was answered is on the disk (2: FULL), also when the node loses its power.
    - name: SQLITE_JOURNAL_MODE
      value: wal
    - name: SQLITE_SYNCHRONOUS
      value: '2'
    # It can never be changed for a database that is there.
    - name: NUM_HISTORY_SHARDS
      value: '1'
    - name: DYNAMIC_CONFIG_FILE_PATH
      value: /etc/temporal/lockkeeper/dynamicconfig.yaml
    - name: LOG_LEVEL
      value: warn
    # /etc/passwd of the image does not know the user of the pod, and without a name the server does not start.
    - name: USER
      value: temporal
  # It listens where the kubelet cannot ask it.
  startupProbe:
    exec:
      command: [wget, -q, -O, /dev/null, 'http://127.0.0.1:7243/api/v1/system-info']
    periodSeconds: 2
    timeoutSeconds: 5
    failureThreshold: 90
  livenessProbe:
    exec:
      command: [wget, -q, -O, /dev/null, 'http://127.0.0.1:7243/api/v1/system-info']
    periodSeconds: 20
    timeoutSeconds: 10
    failureThreshold: 6
  {{- with $embedded.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "lockkeeper.restrictedContainer" . | nindent 4 }}
  volumeMounts:
    - name: temporal-data
      mountPath: /var/lib/temporal
    - name: temporal-config
      mountPath: /etc/temporal/lockkeeper
      readOnly: true
    - name: temporal-tmp
      mountPath: /tmp
{{- if $embedded.ui.enabled }}
- name: ui
  image: {{ $embedded.ui.image | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [/home/ui-server/ui-server, --root, /etc/temporal, --config, lockkeeper, --env, ui, start]
  {{- with $embedded.ui.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "lockkeeper.restrictedContainer" . | nindent 4 }}
  volumeMounts:
    - name: temporal-config
      mountPath: /etc/temporal/lockkeeper
      readOnly: true
{{- end }}
{{- end }}

{{- define "lockkeeper.temporalVolumes" -}}
- name: temporal-config
  configMap:
    name: {{ include "lockkeeper.fullname" . }}-temporal
- name: temporal-tmp
  emptyDir: {}
{{- if not .Values.temporal.embedded.storage.claim }}
# It goes with the pod: pauses, the queue and the history are lost with it. Who is out of service stands on the Nodes.
- name: temporal-data
  emptyDir: {}
{{- end }}
{{- end }}
