{{- /* Made by `cargo xtask chart --write` from `vpcguard manifests`. */ -}}
{{- define "vpcguard.kubeOvnAccounts" -}}
["ovn","kube-ovn-cni","kube-ovn-app","ovn-ovs"]
{{- end }}

{{- define "vpcguard.deleters" -}}
["system:serviceaccount:kube-system:namespace-controller","system:serviceaccount:kube-system:generic-garbage-collector","system:kube-controller-manager"]
{{- end }}
