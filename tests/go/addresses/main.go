// Prints what Go makes of addresses and prefixes, because Kube-OVN reads them with these functions.
//
//	go run . > answers.json
//
// An answer is null where Go refuses the text. An address is written as Go prints it; a prefix as the address before
// the slash and the network after masking.
package main

import (
	"encoding/json"
	"net"
	"os"
)

type prefix struct {
	Address string `json:"address"`
	Network string `json:"network"`
}

type answer struct {
	Text    string  `json:"text"`
	Address *string `json:"address"`
	Prefix  *prefix `json:"prefix"`
}

var texts = []string{
	"", " ", "/", "a", "10", "10.0", "10.0.0", "10.0.0.0.0", "10.0.0.1", "0.0.0.0", "255.255.255.255",
	"256.0.0.1", "10.0.0.01", "010.0.0.1", "10.00.0.1", "10.0.0.-1", "10.0.0.+1", "10.0.0.1 ", " 10.0.0.1",
	"10.0.0.1\n", "0x0a.0.0.1", "1e1.0.0.1", "10.0.0.1.", ".10.0.0.1", "10..0.1", "4294967296", "99999999999999999999",
	"10.0.0.1\x00", "１０.0.0.1",
	"::", "::1", "1::", "fd00::1", "FD00::1", "fd00::0001", "fd00::00001", "fd00:::1", "fd00::1::2", "1:2:3:4:5:6:7:8",
	"1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1::3:4:5:6:7:8", "1:2:3", ":1", "1:",
	"fd00::g", "fd00::1%eth0", "fe80::1%25", "[::1]", "::ffff:10.0.0.1", "::ffff:010.0.0.1", "::ffff:0a00:0001",
	"::10.0.0.1", "64:ff9b::10.0.0.1", "1:2:3:4:5:6:10.0.0.1", "1:2:3:4:5:6:7:10.0.0.1", "::ffff:10.0.0", "::10.0.0.256",
	"10.0.0.1:80", "::ffff:255.255.255.255", "0:0:0:0:0:ffff:1.2.3.4",
	"10.0.0.0/0", "10.0.0.0/8", "10.0.0.5/24", "10.0.0.5/32", "10.0.0.5/33", "10.0.0.0/08", "10.0.0.0/008", "10.0.0.0/0000",
	"10.0.0.0/+8", "10.0.0.0/-8", "10.0.0.0/ 8", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0.0/", "/8", "10.0.0.0//8", "10.0.0.0/8/8",
	"10.0.0.0/256", "10.0.0.0/264", "10.0.0.0/4294967304", "10.0.0.0/99999999999999999999", "10.0.0.0/8a", "10.0.0/8",
	"010.0.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.0/٨",
	"::/0", "fd00::/64", "fd00::5/64", "FD00::5/64", "fd00::5/128", "fd00::5/129", "fd00::5/0128", "fd00::1%eth0/64",
	"::ffff:10.0.0.5/120", "::ffff:10.0.0.5/128", "::ffff:10.0.0.5/96", "::ffff:10.0.0.5/95", "::ffff:10.0.0.5/64",
	"::ffff:10.0.0.5/24", "::ffff:10.0.0.5/0", "::10.0.0.5/120", "1:2:3:4:5:6:7::/112",
	"10.0.0.0/8,fd00::/64", "10.0.0.1,10.0.0.2", "10.0.0.1..10.0.0.9", "10.0.0.1-10.0.0.9",
}

func main() {
	answers := make([]answer, 0, len(texts))
	for _, text := range texts {
		answer := answer{Text: text}
		if address := net.ParseIP(text); address != nil {
			printed := address.String()
			answer.Address = &printed
		}
		if address, network, err := net.ParseCIDR(text); err == nil {
			answer.Prefix = &prefix{address.String(), network.String()}
		}
		answers = append(answers, answer)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(answers); err != nil {
		panic(err)
	}
}
