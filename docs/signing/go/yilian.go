// The recipe of docs/signing.md: the bytes of a body, their signature, the transaction.
// This file is what to take over; main.go only holds it against the vectors.

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

const (
	txTag          = "yilian/tx/v1\x00"
	endorsementTag = "yilian/endorsement/v1\x00"
)

var signerID = []byte("1234567812345678") // these 16 ASCII bytes, on every gm chain

// ---- protobuf: the two wire types that are needed

// Number appends an integer field; zero is left out. Give a negative int64 as uint64(value).
func Number(out []byte, field int, value uint64) []byte {
	if value == 0 {
		return out
	}
	out = binary.AppendUvarint(out, uint64(field)<<3)
	return binary.AppendUvarint(out, value)
}

// Bytes appends a text (UTF-8), a byte string or a message; an empty one is left out.
func Bytes(out []byte, field int, value []byte) []byte {
	if len(value) == 0 {
		return out
	}
	return Element(out, field, value)
}

// Element appends an element of a repeated field, or a message that is set: also when it is empty.
func Element(out []byte, field int, value []byte) []byte {
	out = binary.AppendUvarint(out, uint64(field)<<3|2)
	out = binary.AppendUvarint(out, uint64(len(value)))
	return append(out, value...)
}

// ---- the transaction

// Body is TxBody of proto/transaction.proto, without its endorsements.
type Body struct {
	ChainID, Contract, Method string
	Operations                [][]byte // each: the bytes of the method's request message
	Signer                    []byte   // 65 bytes, 04 x y
	Nonce                     []byte   // 16 bytes, fresh for each transaction
	LastHeight                uint64   // the chain's height and at most 1,000 more
	AllOrNothing              bool
}

// Encode gives the bytes that are endorsed and signed; make them once and keep them.
func (b Body) Encode() []byte {
	out := Bytes(nil, 1, []byte(b.ChainID))
	out = Bytes(out, 2, []byte(b.Contract))
	out = Bytes(out, 3, []byte(b.Method))
	for _, operation := range b.Operations {
		out = Element(out, 4, operation)
	}
	out = Bytes(out, 5, b.Signer)
	out = Bytes(out, 6, b.Nonce)
	out = Number(out, 7, b.LastHeight)
	if b.AllOrNothing {
		out = Number(out, 8, 1)
	}
	return out
}

// EndorsedMessage is what an endorser signs: the body before its first endorsement.
func EndorsedMessage(plain []byte) []byte { return append([]byte(endorsementTag), plain...) }

// Endorse appends one endorsement; the signer signs when all have been appended.
func Endorse(body, publicKey, signature []byte) []byte {
	return Element(body, 9, Bytes(Bytes(nil, 1, publicKey), 2, signature))
}

// SignedMessage is what the signer signs, and what the transaction hash is taken of.
func SignedMessage(body []byte) []byte { return append([]byte(txTag), body...) }

// Transaction is what Ledger.Submit takes.
func Transaction(body, signature []byte) []byte { return Bytes(Bytes(nil, 1, body), 2, signature) }

// ---- the two suites: gm (SM2 with SM3) and intl (ECDSA P-256 with SHA-256)

// Suite is a chain's curve and hash, "gm" or "intl".
type Suite string

func (s Suite) curve() elliptic.Curve {
	if s == "gm" {
		return sm2.P256()
	}
	return elliptic.P256()
}

// Hash of the signed message is the transaction hash.
func (s Suite) Hash(message []byte) []byte {
	if s == "gm" {
		sum := sm3.Sum(message)
		return sum[:]
	}
	sum := sha256.Sum256(message)
	return sum[:]
}

// Key makes a private key of its 32 bytes. Production keys stay in a device that signs instead.
func (s Suite) Key(private []byte) *ecdsa.PrivateKey {
	key := &ecdsa.PrivateKey{D: new(big.Int).SetBytes(private)}
	key.Curve = s.curve()
	key.X, key.Y = key.Curve.ScalarBaseMult(private)
	return key
}

// PublicKey gives the 65 bytes 04 x y.
func (s Suite) PublicKey(key *ecdsa.PrivateKey) []byte {
	return elliptic.Marshal(key.Curve, key.X, key.Y)
}

// Sign gives r and s, 32 bytes each. It hashes by itself: give it the message, not a hash.
func (s Suite) Sign(key *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	var der []byte
	var err error
	if s == "gm" {
		der, err = (&sm2.PrivateKey{PrivateKey: *key}).SignWithSM2(rand.Reader, signerID, message)
	} else {
		der, err = ecdsa.SignASN1(rand.Reader, key, s.Hash(message))
	}
	if err != nil {
		return nil, err
	}
	return FromDER(der)
}

// FromDER gives r and s, 32 bytes each, of a signature as libraries give it.
func FromDER(der []byte) ([]byte, error) {
	var pair struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &pair)
	if err != nil || len(rest) > 0 || pair.R.BitLen() > 256 || pair.S.BitLen() > 256 {
		return nil, errors.New("not a signature in DER")
	}
	raw := make([]byte, 64) // FillBytes keeps leading zero bytes
	pair.R.FillBytes(raw[:32])
	pair.S.FillBytes(raw[32:])
	return raw, nil
}

// ToDER undoes FromDER; nil unless there are 64 bytes.
func ToDER(raw []byte) []byte {
	if len(raw) != 64 {
		return nil
	}
	pair := struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])}
	der, _ := asn1.Marshal(pair) // two integers can always be written
	return der
}

// Verify tells whether raw is the key's signature; the libraries check 1 <= r, s < n.
func (s Suite) Verify(publicKey, message, raw []byte) bool {
	if len(publicKey) != 65 || publicKey[0] != 4 || len(raw) != 64 {
		return false
	}
	x, y := elliptic.Unmarshal(s.curve(), publicKey) // nil when it is no point of the curve
	if x == nil {
		return false
	}
	key := &ecdsa.PublicKey{Curve: s.curve(), X: x, Y: y}
	if s == "gm" {
		return sm2.VerifyASN1WithSM2(key, signerID, message, ToDER(raw))
	}
	return ecdsa.VerifyASN1(key, s.Hash(message), ToDER(raw))
}
