//! The table of the kinds that rules know: whatever must be said of each kind is written by a macro that reads it.
//!
//! A row is a type of objects, and the kinds that are read as one: most have a type of their own. Each kind has its API group,
//! version, name, plural and scope.

macro_rules! for_each_kind {
    ($with:ident) => {
        $with! {
            Vpc(Vpc) {
                /// A virtual private cloud: a logical router.
                Vpc: "kubeovn.io" "v1" "Vpc" "vpcs" Cluster;
            }
            Subnet(Subnet) {
                /// A logical switch.
                Subnet: "kubeovn.io" "v1" "Subnet" "subnets" Cluster;
            }
            NatGateway(NatGateway) {
                /// A NAT gateway of a VPC.
                VpcNatGateway: "kubeovn.io" "v1" "VpcNatGateway" "vpc-nat-gateways" Cluster;
            }
            EgressGateway(EgressGateway) {
                /// An egress gateway of a VPC, namespaced.
                VpcEgressGateway: "kubeovn.io" "v1" "VpcEgressGateway" "vpc-egress-gateways" Namespaced;
            }
            IptablesEip(IptablesEip) {
                /// An address of a NAT gateway.
                IptablesEip: "kubeovn.io" "v1" "IptablesEIP" "iptables-eips" Cluster;
            }
            IptablesFipRule(IptablesFipRule) {
                /// A floating IP of a NAT gateway.
                IptablesFipRule: "kubeovn.io" "v1" "IptablesFIPRule" "iptables-fip-rules" Cluster;
            }
            IptablesDnatRule(IptablesDnatRule) {
                /// A destination NAT rule.
                IptablesDnatRule: "kubeovn.io" "v1" "IptablesDnatRule" "iptables-dnat-rules" Cluster;
            }
            IptablesSnatRule(IptablesSnatRule) {
                /// A source NAT rule.
                IptablesSnatRule: "kubeovn.io" "v1" "IptablesSnatRule" "iptables-snat-rules" Cluster;
            }
            OvnEip(OvnEip) {
                /// An address of NAT by OVN.
                OvnEip: "kubeovn.io" "v1" "OvnEip" "ovn-eips" Cluster;
            }
            OvnFip(OvnFip) {
                /// A floating IP by OVN.
                OvnFip: "kubeovn.io" "v1" "OvnFip" "ovn-fips" Cluster;
            }
            OvnDnatRule(OvnDnatRule) {
                /// A destination NAT rule by OVN.
                OvnDnatRule: "kubeovn.io" "v1" "OvnDnatRule" "ovn-dnat-rules" Cluster;
            }
            OvnSnatRule(OvnSnatRule) {
                /// A source NAT rule by OVN.
                OvnSnatRule: "kubeovn.io" "v1" "OvnSnatRule" "ovn-snat-rules" Cluster;
            }
            RouterLbRule(RouterLbRule) {
                /// A load balancer at the edge of a VPC.
                RouterLbRule: "kubeovn.io" "v1" "RouterLBRule" "router-lb-rules" Cluster;
            }
            SwitchLbRule(SwitchLbRule) {
                /// A load balancer of a VPC.
                SwitchLbRule: "kubeovn.io" "v1" "SwitchLBRule" "switch-lb-rules" Cluster;
            }
            VpcDns(VpcDns) {
                /// Name servers inside a VPC.
                VpcDns: "kubeovn.io" "v1" "VpcDns" "vpc-dnses" Cluster;
            }
            IpPool(IpPool) {
                /// A named range of a Subnet's addresses.
                IpPool: "kubeovn.io" "v1" "IPPool" "ippools" Cluster;
            }
            Vip(Vip) {
                /// An address that Kube-OVN keeps for somebody.
                Vip: "kubeovn.io" "v1" "Vip" "vips" Cluster;
            }
            Vlan(Vlan) {
                /// A VLAN on a network of the nodes.
                Vlan: "kubeovn.io" "v1" "Vlan" "vlans" Cluster;
            }
            ProviderNetwork(ProviderNetwork) {
                /// A network of the nodes.
                ProviderNetwork: "kubeovn.io" "v1" "ProviderNetwork" "provider-networks" Cluster;
            }
            SecurityGroup(SecurityGroup) {
                /// What Pods that are in it may send and receive.
                SecurityGroup: "kubeovn.io" "v1" "SecurityGroup" "security-groups" Cluster;
            }
            Ip(Ip) {
                /// An address that Kube-OVN has given to a port.
                Ip: "kubeovn.io" "v1" "IP" "ips" Cluster;
            }
            QosPolicy(QosPolicy) {
                /// A limit of what passes through an address or a NAT gateway.
                QosPolicy: "kubeovn.io" "v1" "QoSPolicy" "qos-policies" Cluster;
            }
            BgpConf(BgpConf) {
                /// What gateways say to other routers.
                BgpConf: "kubeovn.io" "v1" "BgpConf" "bgp-confs" Cluster;
            }
            EvpnConf(EvpnConf) {
                /// A network of other routers that gateways are in.
                EvpnConf: "kubeovn.io" "v1" "EvpnConf" "evpn-confs" Cluster;
            }
            Namespace(Namespace) {
                /// A namespace.
                Namespace: "" "v1" "Namespace" "namespaces" Cluster;
            }
            Node(Node) {
                /// A node of the cluster.
                Node: "" "v1" "Node" "nodes" Cluster;
            }
            ServiceCidr(ServiceCidr) {
                /// A range that Services get their addresses from.
                ServiceCidr: "networking.k8s.io" "v1" "ServiceCIDR" "servicecidrs" Cluster;
            }
            ConfigMap(ConfigMap) {
                /// A map of strings.
                ConfigMap: "" "v1" "ConfigMap" "configmaps" Namespaced;
            }
            AttachmentDefinition(AttachmentDefinition) {
                /// A network that Multus can attach.
                AttachmentDefinition:
                    "k8s.cni.cncf.io" "v1" "NetworkAttachmentDefinition" "network-attachment-definitions" Namespaced;
            }
            Service(Service) {
                /// A Service.
                Service: "" "v1" "Service" "services" Namespaced;
            }
            EndpointSlice(EndpointSlice) {
                /// A part of the endpoints of a Service.
                EndpointSlice: "discovery.k8s.io" "v1" "EndpointSlice" "endpointslices" Namespaced;
            }
            Binding(Binding) {
                /// What puts a Pod on a node.
                Binding: "" "v1" "Binding" "bindings" Namespaced;
            }
            Pod(PodTemplate) {
                /// A Pod.
                Pod: "" "v1" "Pod" "pods" Namespaced;
                /// A Deployment of Pods.
                Deployment: "apps" "v1" "Deployment" "deployments" Namespaced;
                /// A StatefulSet of Pods.
                StatefulSet: "apps" "v1" "StatefulSet" "statefulsets" Namespaced;
                /// A DaemonSet of Pods.
                DaemonSet: "apps" "v1" "DaemonSet" "daemonsets" Namespaced;
                /// A ReplicaSet of Pods.
                ReplicaSet: "apps" "v1" "ReplicaSet" "replicasets" Namespaced;
                /// A ReplicationController of Pods.
                ReplicationController: "" "v1" "ReplicationController" "replicationcontrollers" Namespaced;
                /// A Job of Pods.
                Job: "batch" "v1" "Job" "jobs" Namespaced;
                /// A CronJob of Jobs.
                CronJob: "batch" "v1" "CronJob" "cronjobs" Namespaced;
                /// A KubeVirt virtual machine.
                VirtualMachine: "kubevirt.io" "v1" "VirtualMachine" "virtualmachines" Namespaced;
                /// A KubeVirt virtual machine that runs.
                VirtualMachineInstance:
                    "kubevirt.io" "v1" "VirtualMachineInstance" "virtualmachineinstances" Namespaced;
            }
        }
    };
}

pub(crate) use for_each_kind;
