// Prints what kubectl reads in texts: those of answers.json, or with "-" those of such a list on standard input.
//
//	go run . > new.json && mv new.json answers.json
//
// kubectl divides a text into documents at the lines that begin with "---", and reads each by itself. A text that begins
// with a bracket it tries as JSON first. An answer has the documents of a text in order but for those that hold nothing;
// of one that kubectl refuses the reason.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type document struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

type answer struct {
	Text      string     `json:"text"`
	Documents []document `json:"documents"`
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	input := io.Reader(os.Stdin)
	if len(os.Args) < 2 || os.Args[1] != "-" {
		kept, err := os.ReadFile("answers.json")
		if err != nil {
			return err
		}
		input = bytes.NewReader(kept)
	}
	var answers []answer
	if err := json.NewDecoder(input).Decode(&answers); err != nil {
		return err
	}
	output := bufio.NewWriter(os.Stdout)
	before := "[\n"
	for _, answer := range answers {
		answer.Documents = read([]byte(answer.Text))
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(answer); err != nil {
			return err
		}
		if _, err := output.WriteString(before + string(bytes.TrimSpace(line.Bytes()))); err != nil {
			return err
		}
		before = ",\n"
	}
	if _, err := output.WriteString("\n]\n"); err != nil {
		return err
	}
	return output.Flush()
}

func read(text []byte) []document {
	if utilyaml.IsJSONBuffer(text) {
		if documents, err := readJSON(text); err == nil {
			return documents
		}
	}
	documents := []document{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		part, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents
		}
		var value []byte
		if err == nil {
			value, err = yaml.YAMLToJSON(part)
		}
		switch {
		case err != nil:
			documents = append(documents, document{Error: err.Error()})
		case string(value) != "null":
			documents = append(documents, document{Value: value})
		}
	}
}

// The whole text as JSON; where this fails, kubectl goes on with YAML.
func readJSON(text []byte) ([]document, error) {
	documents := []document{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var value json.RawMessage
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, err
		case string(value) != "null":
			documents = append(documents, document{Value: value})
		}
	}
}
