// Prints what Go makes of the annotations that list a Pod's networks, because Kube-OVN reads them with encoding/json into a
// struct with these fields.
//
//	go run . > answers.json
//
// What is read is written as namespace/name@interface for each element with a name, "-" where one has none, "0:" and a number
// for an element that is null, "!" for an error. The texts are generated, from the same numbers each time.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"net"
	"os"
	"regexp"
	"strings"
)

type portMapEntry struct {
	HostPort      int    `json:"hostPort"`
	ContainerPort int    `json:"containerPort"`
	Protocol      string `json:"protocol,omitempty"`
	HostIP        string `json:"hostIP,omitempty"`
}
type bandwidthEntry struct {
	IngressRate  int `json:"ingressRate"`
	IngressBurst int `json:"ingressBurst"`
	EgressRate   int `json:"egressRate"`
	EgressBurst  int `json:"egressBurst"`
}
type element struct {
	Name                  string                  `json:"name"`
	Namespace             string                  `json:"namespace,omitempty"`
	IPRequest             []string                `json:"ips,omitempty"`
	MacRequest            string                  `json:"mac,omitempty"`
	InfinibandGUIDRequest string                  `json:"infiniband-guid,omitempty"`
	InterfaceRequest      string                  `json:"interface,omitempty"`
	PortMappingsRequest   []*portMapEntry         `json:"portMappings,omitempty"`
	BandwidthRequest      *bandwidthEntry         `json:"bandwidth,omitempty"`
	CNIArgs               *map[string]interface{} `json:"cni-args"`
	GatewayRequest        []net.IP                `json:"default-route,omitempty"`
	IPAMClaimReference    string                  `json:"ipam-claim-reference,omitempty"`
}

var re = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

func short(text string) string {
	if strings.ContainsAny(text, "[{\"") {
		var es []*element
		if err := json.Unmarshal([]byte(text), &es); err != nil {
			return "!"
		}
		for i, e := range es {
			if e == nil {
				return fmt.Sprintf("0:%d", i)
			}
		}
		var out []string
		nameless := false
		for _, e := range es {
			if e.Name == "" {
				nameless = true
				continue
			}
			out = append(out, e.Namespace+"/"+e.Name+"@"+e.InterfaceRequest)
		}
		if nameless {
			out = append(out, "-")
		}
		return strings.Join(out, " ")
	}
	var out []string
	nameless := false
	for _, item := range strings.Split(text, ",") {
		item = strings.TrimSpace(item)
		ns, name, ifc := "", "", ""
		slash := strings.Split(item, "/")
		if len(slash) == 2 {
			ns = strings.TrimSpace(slash[0])
			name = slash[1]
		} else if len(slash) == 1 {
			name = slash[0]
		} else {
			return "!"
		}
		at := strings.Split(name, "@")
		name = strings.TrimSpace(at[0])
		if len(at) == 2 {
			ifc = strings.TrimSpace(at[1])
		} else if len(at) != 1 {
			return "!"
		}
		for _, p := range []string{ns, name, ifc} {
			if p != "" && !re.MatchString(p) {
				return "!"
			}
		}
		if name == "" {
			nameless = true
			continue
		}
		out = append(out, ns+"/"+name+"@"+ifc)
	}
	if nameless {
		out = append(out, "-")
	}
	return strings.Join(out, " ")
}

var keys = []string{"name", "name", "name", "namespace", "namespace", "interface", "mac", "ips", "infiniband-guid", "ipam-claim-reference", "portMappings", "bandwidth", "cni-args", "default-route", "other", "hostPort", "containerPort", "protocol", "hostIP", "ingressRate", "egressBurst", "namexspace", ""}

func key(r *rand.Rand) string {
	k := keys[r.Intn(len(keys))]
	switch r.Intn(6) {
	case 0:
		k = strings.ToUpper(k)
	case 1:
		k = strings.Replace(k, "s", "ſ", 1)
	case 2:
		if len(k) > 2 {
			k = k[:1] + strings.ToUpper(k[1:2]) + k[2:]
		}
	}
	b, _ := json.Marshal(k)
	s := string(b)
	if r.Intn(8) == 0 && len(k) > 0 && k[0] < 128 {
		s = fmt.Sprintf("\"\\u%04x%s", k[0], s[2:])
	}
	if r.Intn(40) == 0 {
		s = `"n\u0131me"`
	}
	return s
}

var texts = []string{`"db"`, `"cobalt"`, `""`, `"10.0.0.1"`, `"fd00::1"`, `"a\ud800b"`, `"\ud83d\ude00"`, `"\ud83d\u0041"`, `"x\n\/"`, `"é"`, `"10.0.0.01"`, `"::ffff:1.2.3.4"`, `"fe80::1%eth0"`, `"1.2.3.4 "`}
var nums = []string{"0", "-0", "5", "1e3", "1.0", "9223372036854775807", "9223372036854775808", "1e999", "-9223372036854775808", "1E-999", "0.5"}

func value(r *rand.Rand, d int) string {
	switch r.Intn(9) {
	case 0, 1, 2:
		return texts[r.Intn(len(texts))]
	case 3:
		return nums[r.Intn(len(nums))]
	case 4, 5:
		return "null"
	case 6:
		return []string{"true", "false"}[r.Intn(2)]
	case 7:
		if d <= 0 {
			return "[]"
		}
		n := r.Intn(3)
		var p []string
		for i := 0; i < n; i++ {
			p = append(p, value(r, d-1))
		}
		return "[" + strings.Join(p, ",") + "]"
	default:
		return object(r, d)
	}
}
func object(r *rand.Rand, d int) string {
	if d <= 0 {
		return "{}"
	}
	n := r.Intn(4)
	var p []string
	for i := 0; i < n; i++ {
		p = append(p, key(r)+":"+value(r, d-1))
	}
	return "{" + strings.Join(p, ",") + "}"
}
func strish(r *rand.Rand) string {
	if r.Intn(4) == 0 {
		return "null"
	}
	return texts[r.Intn(len(texts))]
}
func good(r *rand.Rand) string {
	n := 1 + r.Intn(5)
	var p []string
	for i := 0; i < n; i++ {
		k := key(r)
		var v string
		lk := strings.ToLower(k)
		switch {
		case r.Intn(12) == 0:
			v = value(r, 3)
		case strings.Contains(lk, "ips"):
			v = "[" + strish(r) + "]"
		case strings.Contains(lk, "route"):
			v = "[" + strish(r) + "]"
		case strings.Contains(lk, "bandw"):
			v = fmt.Sprintf(`{%s:%s,"ingressRate":%s}`, key(r), value(r, 1), nums[r.Intn(len(nums))])
		case strings.Contains(lk, "portm"):
			v = fmt.Sprintf(`[{"hostPort":%s,%s:%s},null]`, nums[r.Intn(len(nums))], key(r), value(r, 1))
		case strings.Contains(lk, "cni-a"):
			v = object(r, 3)
		default:
			v = strish(r)
		}
		p = append(p, k+":"+v)
	}
	return "{" + strings.Join(p, ",") + "}"
}
func generate(r *rand.Rand) string {
	switch r.Intn(12) {
	case 0: // comma form
		cs := []rune("aab1-/@,  \u00a0\u2003B.\u200b")
		n := r.Intn(10)
		var b []rune
		for i := 0; i < n; i++ {
			b = append(b, cs[r.Intn(len(cs))])
		}
		return "x" + string(b)
	case 1:
		return value(r, 3)
	}
	n := r.Intn(4)
	var p []string
	for i := 0; i < n; i++ {
		switch r.Intn(12) {
		case 0:
			p = append(p, "null")
		case 1:
			p = append(p, value(r, 2))
		default:
			p = append(p, good(r))
		}
	}
	s := "[" + strings.Join(p, []string{",", " , ", ",\n\t"}[r.Intn(3)]) + "]"
	if r.Intn(10) == 0 { // break it
		b := []byte(s)
		if len(b) > 0 {
			b[r.Intn(len(b))] = []byte("[]{},:\"\\x0 n\x01")[r.Intn(13)]
			s = strings.ToValidUTF8(string(b), "?")
		}
	}
	return s
}

func main() {
	r := rand.New(rand.NewSource(7))
	type answer struct {
		Text  string `json:"text"`
		Reads string `json:"reads"`
	}
	seen := map[string]bool{"": true}
	answers := []answer{}
	for len(answers) < 700 {
		text := generate(r)
		if reads := short(text); !seen[text] && len(text) < 300 {
			seen[text] = true
			answers = append(answers, answer{text, reads})
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(answers); err != nil {
		panic(err)
	}
}
