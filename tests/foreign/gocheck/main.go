// Check what a log of ours publishes with nothing of ours: Go's own note and tlog packages.
//
//	gocheck open NOTE VKEY...                   a note is signed by all of these keys, logs' and witnesses'
//	gocheck proof FILE LEAF VKEY...             a .tlog-proof is about the bytes in LEAF
//	gocheck grown OLD NEW PROOF VKEY            NEW continues OLD; PROOF has a base64 hash a line
//	gocheck audit DIR|URL VKEY                  every entry of a log's files is under its signed root
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func run(args []string) error {
	switch {
	case len(args) >= 3 && args[0] == "open":
		raw, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		_, err = open(raw, args[2:])
		return err
	case len(args) >= 4 && args[0] == "proof":
		return proof(args[1], args[2], args[3:])
	case len(args) == 5 && args[0] == "grown":
		return grown(args[1], args[2], args[3], args[4:])
	case len(args) == 3 && args[0] == "audit":
		return audit(args[1], args[2:])
	}
	return errors.New("usage: gocheck open|proof|grown|audit ...")
}

// A witness is a verifier of C2SP tlog-cosignature, for note.Open.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
	return ed25519.Verify(w.key, []byte(message), sig[8:])
}

func verifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no vkey")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 {
		return nil, errors.New("no key of 32 bytes")
	}
	if key[0] == 1 {
		return note.NewVerifier(vkey)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if key[0] != 4 || hex.EncodeToString(sum[:4]) != parts[1] {
		return nil, errors.New("no witness's key")
	}
	return witness{parts[0], binary.BigEndian.Uint32(sum[:4]), key[1:]}, nil
}

func open(raw []byte, vkeys []string) (tlog.Tree, error) {
	var known []note.Verifier
	for _, vkey := range vkeys {
		v, err := verifier(vkey)
		if err != nil {
			return tlog.Tree{}, err
		}
		known = append(known, v)
	}
	opened, err := note.Open(raw, note.VerifierList(known...))
	if err != nil {
		return tlog.Tree{}, err
	}
	if len(opened.Sigs) != len(known) {
		return tlog.Tree{}, fmt.Errorf("%d of %d keys signed", len(opened.Sigs), len(known))
	}
	return tree(opened.Text)
}

func tree(text string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return tlog.Tree{}, errors.New("no checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, line := range lines {
		if line == "" {
			continue
		}
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		found = append(found, hash)
	}
	return found, nil
}

func proof(file, leafFile string, vkeys []string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	leaf, err := os.ReadFile(leafFile)
	if err != nil {
		return err
	}
	head, checkpoint, found := strings.Cut(string(raw), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("no .tlog-proof")
	}
	if strings.HasPrefix(lines[1], "extra ") {
		lines = lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	steps, err := hashes(lines[2:])
	if err != nil {
		return err
	}
	signed, err := open([]byte(checkpoint), vkeys)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(steps, signed.N, signed.Hash, index, tlog.RecordHash(leaf))
}

func grown(oldFile, newFile, proofFile string, vkeys []string) error {
	var trees []tlog.Tree
	for _, file := range []string{oldFile, newFile} {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		signed, err := open(raw, vkeys)
		if err != nil {
			return err
		}
		trees = append(trees, signed)
	}
	raw, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	steps, err := hashes(strings.Split(string(raw), "\n"))
	if err != nil {
		return err
	}
	return tlog.CheckTree(steps, trees[1].N, trees[1].Hash, trees[0].N, trees[0].Hash)
}

// audit hashes every entry of the bundles, and compares the root with the one that was signed.
func audit(directory string, vkeys []string) error {
	raw, err := file(directory, "checkpoint")
	if err != nil {
		return err
	}
	signed, err := open(raw, vkeys)
	if err != nil {
		return err
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	var size int64
	for number := int64(0); size < signed.N; number++ {
		entries, err := bundle(directory, number, signed.N)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			more, err := tlog.StoredHashes(size, entry, reader)
			if err != nil {
				return err
			}
			stored = append(stored, more...)
			size++
		}
	}
	root, err := tlog.TreeHash(signed.N, reader)
	if err != nil {
		return err
	}
	if size != signed.N || root != signed.Hash {
		return fmt.Errorf("%d entries do not have the signed root", size)
	}
	return nil
}

// file reads a file of a log, below a directory or an address.
func file(place, name string) ([]byte, error) {
	if !strings.HasPrefix(place, "http://") {
		return os.ReadFile(filepath.Join(place, filepath.FromSlash(name)))
	}
	answer, err := http.Get(place + "/" + name)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

func bundle(directory string, number, size int64) ([][]byte, error) {
	name := fmt.Sprintf("tile/entries/%03d", number)
	width := size - number*256
	if width < 256 {
		name += fmt.Sprintf(".p/%d", width)
	}
	raw, err := file(directory, name)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for reader := bytes.NewBuffer(raw); reader.Len() > 0; {
		if reader.Len() < 2 {
			return nil, errors.New("a bundle that is cut")
		}
		length := int(binary.BigEndian.Uint16(reader.Next(2)))
		if reader.Len() < length {
			return nil, errors.New("a bundle that is cut")
		}
		entries = append(entries, append([]byte(nil), reader.Next(length)...))
	}
	if len(entries) > 256 || (width < 256 && int64(len(entries)) != width) {
		return nil, errors.New("a bundle with a wrong number of entries")
	}
	return entries, nil
}
