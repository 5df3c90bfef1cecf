{{- /* Made by `cargo xtask chart --write` from `vpcguard manifests`. */ -}}
{{- define "vpcguard.kubeOvnAccounts" -}}
["ovn","kube-ovn-cni","kube-ovn-app","ovn-ovs"]
{{- end }}
