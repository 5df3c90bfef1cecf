// A stand-in for the kubelet that runs nothing. What Kube-OVN runs in the Pod of a NAT gateway it writes down, and says
// that it went well: the list is what would have been done.
//
//	kubelet-stand-in --log FILE [--listen ADDRESS] [--fail REGEXP]
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	client "k8s.io/client-go/tools/remotecommand"
	server "k8s.io/kubelet/pkg/cri/streaming/remotecommand"
	"k8s.io/utils/exec"
)

// With v5, which is the first that clients ask for, the package dereferences nil.
var protocols = []string{
	remotecommand.StreamProtocolV4Name,
	remotecommand.StreamProtocolV3Name,
	remotecommand.StreamProtocolV2Name,
	remotecommand.StreamProtocolV1Name,
}

// A line of the log.
type call struct {
	Pod       string   `json:"pod"`
	Namespace string   `json:"namespace"`
	Container string   `json:"container"`
	Command   []string `json:"command"`
}

// The executor of one request.
type executor struct {
	namespace string
	log       io.Writer
	fail      *regexp.Regexp
}

func (e executor) ExecInContainer(_ context.Context, pod string, _ types.UID, container string, command []string,
	_ io.Reader, stdout, stderr io.WriteCloser, _ bool, _ <-chan client.TerminalSize, _ time.Duration) error {
	line, err := json.Marshal(call{pod, e.namespace, container, command})
	if err != nil {
		return err
	}
	// One write, so that lines of commands that run at once do not mix.
	if _, err := e.log.Write(append(line, '\n')); err != nil {
		return err
	}
	words := strings.Join(command, " ")
	if e.fail != nil && e.fail.MatchString(words) {
		if stderr != nil {
			fmt.Fprintln(stderr, "this command was chosen to fail")
		}
		return exec.CodeExitError{Err: fmt.Errorf("%s was chosen to fail", words), Code: 1}
	}
	// The answer decides which rules the gateway gets; all other commands are only expected to succeed.
	if stdout != nil && strings.Contains(words, "get-iptables-version") {
		fmt.Fprintln(stdout, "iptables v1.8.7 (nf_tables)")
	}
	return nil
}

// A certificate for 127.0.0.1, which no client verifies: the API server is given no CA of kubelets.
func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on; with port 0 a free one is taken")
	file := flag.String("log", "", "file to which each command is appended as a line of JSON")
	fail := flag.String("fail", "", "commands that match this regular expression fail with exit code 1")
	flag.Parse()
	out, err := os.OpenFile(*file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("--log: %w", err)
	}
	var failing *regexp.Regexp
	if *fail != "" {
		if failing, err = regexp.Compile(*fail); err != nil {
			return fmt.Errorf("--fail: %w", err)
		}
	}
	identity, err := certificate()
	if err != nil {
		return err
	}
	handler := http.NewServeMux()
	handler.HandleFunc("/exec/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		options, err := server.NewOptions(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		server.ServeExec(w, r, executor{r.PathValue("namespace"), out, failing}, r.PathValue("pod"), "",
			r.PathValue("container"), r.URL.Query()["command"], options, time.Minute, 10*time.Second, protocols)
	})
	// Only HTTP/1.1: a connection is taken over for streams.
	listener, err := tls.Listen("tcp", *listen, &tls.Config{Certificates: []tls.Certificate{identity}})
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	return http.Serve(listener, handler)
}

func main() {
	log.Fatal(run())
}
