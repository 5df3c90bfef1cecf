{{/* The labels of every object. */}}
{{- define "vpcguard.labels" -}}
{{ include "vpcguard.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: vpcguard
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end }}

{{/* The labels that Pods are found by. They never change. */}}
{{- define "vpcguard.selector" -}}
app.kubernetes.io/name: vpcguard
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* The metadata of an object of the namespace, or of the cluster. There is one vpcguard in a cluster, so names are fixed. */}}
{{- define "vpcguard.metadata" -}}
name: vpcguard
labels:
  {{- include "vpcguard.labels" . | nindent 2 }}
{{- end }}

{{- define "vpcguard.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The namespace of Kube-OVN. */}}
{{- define "vpcguard.kubeOvnNamespace" -}}
{{- dig "kubeOvn" "namespace" "kube-system" .Values.settings -}}
{{- end }}

{{/* Users who pass without review, as a JSON list. */}}
{{- define "vpcguard.exemptUsers" -}}
{{- $given := dig "exempt" "users" "default" .Values.settings -}}
{{- if kindIs "slice" $given -}}
{{ toRawJson $given }}
{{- else -}}
{{- $namespace := include "vpcguard.kubeOvnNamespace" . -}}
{{- $users := list -}}
{{- range include "vpcguard.kubeOvnAccounts" . | fromJsonArray -}}
{{- $users = append $users (printf "system:serviceaccount:%s:%s" $namespace .) -}}
{{- end -}}
{{ toRawJson $users }}
{{- end -}}
{{- end }}

{{/* Users whose deletions pass, as a JSON list. */}}
{{- define "vpcguard.exemptDeleters" -}}
{{- $given := dig "exempt" "deleters" "default" .Values.settings -}}
{{- if kindIs "slice" $given -}}
{{ toRawJson $given }}
{{- else -}}
{{ include "vpcguard.deleters" . | fromJsonArray | toRawJson }}
{{- end -}}
{{- end }}

{{/* Namespaces that pass without review, as a JSON list. */}}
{{- define "vpcguard.exemptNamespaces" -}}
{{- $given := dig "exempt" "namespaces" "default" .Values.settings -}}
{{- if kindIs "slice" $given -}}
{{ toRawJson $given }}
{{- else -}}
{{ list "kube-system" (include "vpcguard.kubeOvnNamespace" .) | uniq | toRawJson }}
{{- end -}}
{{- end }}

{{/* Namespaces that a cluster and vpcguard need to come up, as a JSON list: webhooks are at Ignore there. */}}
{{- define "vpcguard.firstNamespaces" -}}
{{- $own := list "kube-system" (include "vpcguard.kubeOvnNamespace" .) .Release.Namespace -}}
{{- if eq .Values.tls.mode "cert-manager" -}}
{{- $own = append $own .Values.tls.certManager.namespace -}}
{{- end -}}
{{ concat $own .Values.webhooks.failurePolicyExempt | uniq | toRawJson }}
{{- end }}

{{/* Those that pass without review, and those. */}}
{{- define "vpcguard.exemptAndFirst" -}}
{{ concat (include "vpcguard.exemptNamespaces" . | fromJsonArray) (include "vpcguard.firstNamespaces" . | fromJsonArray) | uniq | toRawJson }}
{{- end }}

{{/* Those without what passes without review. */}}
{{- define "vpcguard.firstNotExempt" -}}
{{- $exempt := include "vpcguard.exemptNamespaces" . | fromJsonArray -}}
{{- $names := list -}}
{{- range include "vpcguard.firstNamespaces" . | fromJsonArray -}}
{{- if not (has . $exempt) -}}
{{- $names = append $names . -}}
{{- end -}}
{{- end -}}
{{ toRawJson $names }}
{{- end }}

{{/* Values that mean nothing together. */}}
{{- define "vpcguard.check" -}}
{{- if and (eq .Values.tls.mode "files") (not (and .Values.tls.files.secretName .Values.tls.files.caBundle)) -}}
{{- fail "tls.mode: files needs tls.files.secretName and tls.files.caBundle" -}}
{{- end -}}
{{- if ne (empty .Values.tls.clients.ca) (empty .Values.tls.clients.names) -}}
{{- fail "tls.clients: ca and names go together" -}}
{{- end -}}
{{- end }}

{{/* The Secret that holds the certificate of tls.mode cert-manager or files. */}}
{{- define "vpcguard.certificateSecret" -}}
{{- if eq .Values.tls.mode "cert-manager" -}}vpcguard-tls{{- else -}}{{ .Values.tls.files.secretName }}{{- end -}}
{{- end }}
