{{- define "tenant.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
