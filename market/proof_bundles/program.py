"""Hold the program that travels in every bundle: Go, and Go's own packages for notes and trees."""

from __future__ import annotations

from typing import Final

TEXT: Final = """\
// Check the entries of this bundle by nothing of its maker's: Go and golang.org/x/mod/sumdb.
//
//	go run check.go LOG_VKEY          in the folder to which the bundle was unpacked
//
// It tells whether the checkpoint is signed by the log's key, and every line of leaves.jsonl and
// bindings.jsonl lies under its root by the proof beside it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type line struct {
	Index int64    `json:"index"`
	Leaf  string   `json:"leaf"`
	Proof [][]byte `json:"proof"`
}

func main() {
	if len(os.Args) != 2 {
		fail("usage: go run check.go LOG_VKEY")
	}
	verifier, err := note.NewVerifier(os.Args[1])
	must(err)
	raw, err := os.ReadFile("checkpoint")
	must(err)
	opened, err := note.Open(raw, note.VerifierList(verifier))
	must(err)
	var origin, root string
	var size int64
	_, err = fmt.Sscanf(opened.Text, "%s\\n%d\\n%s\\n", &origin, &size, &root)
	must(err)
	hash, err := tlog.ParseHash(root)
	must(err)
	leaves, proofs, bound := lines("leaves.jsonl"), lines("proofs.jsonl"), lines("bindings.jsonl")
	if len(leaves) != len(proofs) {
		fail("leaves.jsonl and proofs.jsonl do not have the same number of lines")
	}
	for i, leaf := range leaves {
		check("leaves.jsonl", i, proofs[i], leaf, size, hash)
	}
	for i, each := range bound {
		check("bindings.jsonl", i, each, nil, size, hash)
	}
	fmt.Println(len(leaves)+len(bound), "entries are under the signed checkpoint of", size)
}

func check(name string, i int, raw, leaf []byte, size int64, root tlog.Hash) {
	var told line
	must(json.Unmarshal(raw, &told))
	if leaf == nil {
		leaf = []byte(told.Leaf)
	}
	var proof tlog.RecordProof
	for _, each := range told.Proof {
		var hash tlog.Hash
		if copy(hash[:], each) != tlog.HashSize || len(each) != tlog.HashSize {
			fail(fmt.Sprintf("%s line %d: no hash", name, i+1))
		}
		proof = append(proof, hash)
	}
	err := tlog.CheckRecord(proof, size, root, told.Index, tlog.RecordHash(leaf))
	if err != nil {
		fail(fmt.Sprintf("%s line %d: %v", name, i+1, err))
	}
}

func lines(name string) [][]byte {
	raw, err := os.ReadFile(name)
	must(err)
	var found [][]byte
	scanner := bufio.NewScanner(bytes.NewReader(raw))
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		found = append(found, append([]byte(nil), scanner.Bytes()...))
	}
	must(scanner.Err())
	return found
}

func must(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
"""
