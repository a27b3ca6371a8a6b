// Checks docs/signing/vectors.json, or signs what it is given:
//
//	go run . check ../vectors.json
//	go run . sign < request.json
//
// A request has the inputs of a vector ("suite" to "endorser_keys"); without a nonce it gets one.

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(text []byte) error {
	var digits string
	if err := json.Unmarshal(text, &digits); err != nil {
		return err
	}
	decoded, err := hex.DecodeString(digits)
	*h = decoded
	return err
}

func (h hexBytes) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

// A field has one of Text, Bytes, Integer, Message.
type field struct {
	Number   int       `json:"number"`
	Repeated bool      `json:"repeated"`
	Text     *string   `json:"text"`
	Bytes    *hexBytes `json:"bytes"`
	Integer  *string   `json:"integer"` // decimal digits: JSON's numbers end at 2^53
	Message  *[]field  `json:"message"`
}

type request struct {
	Suite        Suite    `json:"suite"`
	PrivateKey   hexBytes `json:"private_key"`
	ChainID      string   `json:"chain_id"`
	Contract     string   `json:"contract"`
	Method       string   `json:"method"`
	Requests     []struct{ Fields []field }
	Nonce        hexBytes   `json:"nonce"`
	LastHeight   string     `json:"last_height"`
	AllOrNothing bool       `json:"all_or_nothing"`
	EndorserKeys []hexBytes `json:"endorser_keys"`
}

type endorsement struct {
	PublicKey hexBytes `json:"public_key"`
	Signature hexBytes `json:"signature"`
}

// signed has every step's bytes, in a vector and in the output of `sign`.
type signed struct {
	PublicKey    hexBytes      `json:"public_key"`
	Operations   []hexBytes    `json:"operations"`
	Plain        hexBytes      `json:"body_before_endorsements"`
	Endorsements []endorsement `json:"endorsements"`
	Body         hexBytes      `json:"body"`
	Message      hexBytes      `json:"message"`
	Hash         hexBytes      `json:"hash"`
	Signature    hexBytes      `json:"signature"`
	Transaction  hexBytes      `json:"transaction"`
}

type vectors struct {
	Format       string
	Transactions []struct {
		Name string
		request
		signed
	}
	Signatures []struct {
		Name, Why string
		Suite     Suite
		PublicKey hexBytes `json:"public_key"`
		Message   hexBytes
		Signature hexBytes
		Valid     bool
	}
}

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "check":
		err = check(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "sign":
		err = sign(os.Stdin)
	default:
		err = fmt.Errorf("usage: check VECTORS.json | sign < REQUEST.json")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// make builds a request's transaction: with the given signatures, or with fresh ones when given is
// nil. In life each endorser signs at home; only here does one request hold everybody's keys.
func (r request) make(given *signed) (signed, error) {
	key := r.Suite.Key(r.PrivateKey)
	out := signed{PublicKey: r.Suite.PublicKey(key), Endorsements: []endorsement{}}
	body := Body{
		ChainID: r.ChainID, Contract: r.Contract, Method: r.Method,
		Signer: out.PublicKey, Nonce: r.Nonce, AllOrNothing: r.AllOrNothing,
	}
	var err error
	if body.LastHeight, err = strconv.ParseUint(r.LastHeight, 10, 64); err != nil {
		return out, err
	}
	for _, one := range r.Requests {
		operation, err := encode(one.Fields)
		if err != nil {
			return out, err
		}
		out.Operations = append(out.Operations, operation)
		body.Operations = append(body.Operations, operation)
	}
	out.Plain = body.Encode()
	out.Body = bytes.Clone(out.Plain)
	for number, private := range r.EndorserKeys {
		one := endorsement{PublicKey: r.Suite.PublicKey(r.Suite.Key(private))}
		if given != nil {
			one.Signature = given.Endorsements[number].Signature
		} else {
			message := EndorsedMessage(out.Plain)
			if one.Signature, err = r.Suite.Sign(r.Suite.Key(private), message); err != nil {
				return out, err
			}
		}
		out.Endorsements = append(out.Endorsements, one)
		out.Body = Endorse(out.Body, one.PublicKey, one.Signature)
	}
	out.Message = SignedMessage(out.Body)
	out.Hash = r.Suite.Hash(out.Message)
	if given != nil {
		out.Signature = given.Signature
	} else if out.Signature, err = r.Suite.Sign(key, out.Message); err != nil {
		return out, err
	}
	out.Transaction = Transaction(out.Body, out.Signature)
	return out, nil
}

// verify tells whether the signer's and the endorsers' signatures are theirs.
func (s signed) verify(suite Suite) bool {
	for _, one := range s.Endorsements {
		if !suite.Verify(one.PublicKey, EndorsedMessage(s.Plain), one.Signature) {
			return false
		}
	}
	return suite.Verify(s.PublicKey, s.Message, s.Signature)
}

func encode(fields []field) ([]byte, error) {
	out := []byte{}
	for _, one := range fields {
		var value []byte
		switch {
		case one.Integer != nil:
			number, err := integer(*one.Integer)
			if err != nil {
				return nil, err
			}
			out = Number(out, one.Number, number)
			continue
		case one.Message != nil:
			var err error
			if value, err = encode(*one.Message); err != nil {
				return nil, err
			}
		case one.Text != nil:
			value = []byte(*one.Text)
		case one.Bytes != nil:
			value = *one.Bytes
		}
		if one.Repeated || one.Message != nil {
			out = Element(out, one.Number, value)
		} else {
			out = Bytes(out, one.Number, value)
		}
	}
	return out, nil
}

func integer(digits string) (uint64, error) {
	if strings.HasPrefix(digits, "-") {
		negative, err := strconv.ParseInt(digits, 10, 64)
		return uint64(negative), err
	}
	return strconv.ParseUint(digits, 10, 64)
}

func sign(input io.Reader) error {
	var asked request
	if err := json.NewDecoder(input).Decode(&asked); err != nil {
		return err
	}
	if len(asked.Nonce) == 0 {
		asked.Nonce = make([]byte, 16)
		if _, err := rand.Read(asked.Nonce); err != nil {
			return err
		}
	}
	made, err := asked.make(nil)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(made)
}

func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file vectors
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	if file.Format != "yilian-signing-vectors/1" {
		return fmt.Errorf("%s is no file of signing vectors", path)
	}
	passed, failed := 0, 0
	judge := func(name string, good bool, what string) {
		if good {
			passed++
			return
		}
		failed++
		fmt.Printf("%s: %s\n", name, what)
	}
	for _, one := range file.Transactions {
		made, err := one.request.make(&one.signed)
		if err != nil {
			return err
		}
		fmt.Printf("%s %x\n", one.Name, []byte(made.Hash))
		for number, operation := range one.Operations {
			got := made.Operations[number]
			judge(one.Name, bytes.Equal(got, operation), fmt.Sprintf("operation %d is %x here", number, []byte(got)))
		}
		for _, step := range []struct {
			name           string
			got, published hexBytes
		}{
			{"public_key", made.PublicKey, one.PublicKey},
			{"body_before_endorsements", made.Plain, one.Plain},
			{"body", made.Body, one.Body},
			{"message", made.Message, one.Message},
			{"hash", made.Hash, one.Hash},
			{"transaction", made.Transaction, one.Transaction},
		} {
			same := bytes.Equal(step.got, step.published)
			judge(one.Name, same, fmt.Sprintf("%s is %x here", step.name, []byte(step.got)))
		}
		judge(one.Name, made.verify(one.Suite), "a signature does not verify")
		fresh, err := one.request.make(nil)
		if err != nil {
			return err
		}
		judge(one.Name, fresh.verify(one.Suite), "an own signature does not verify")
	}
	for _, one := range file.Signatures {
		valid := one.Suite.Verify(one.PublicKey, one.Message, one.Signature)
		judge(one.Name, valid == one.Valid, fmt.Sprintf("valid is %t here (%s)", valid, one.Why))
		if one.Valid { // the signatures with a short r or s are among these
			back, err := FromDER(ToDER(one.Signature))
			judge(one.Name, err == nil && bytes.Equal(back, one.Signature), "is another after DER and back")
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return fmt.Errorf("not as the vectors say")
	}
	return nil
}
