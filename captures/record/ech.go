// A Go TLS 1.3 peer that encrypts its ClientHello (RFC 9849).
//
//	-make NAME prints a key and a configuration with that public name, base64, a line each.
//	-serve KEY,CONFIG answers every connection; else -config CONFIG makes one, and -refused says that
//	it is meant to be refused.
package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
)

func main() {
	make := flag.String("make", "", "public name")
	serve := flag.String("serve", "", "key and configuration")
	config := flag.String("config", "", "configuration")
	refused := flag.Bool("refused", false, "the server does not know the configuration")
	address := flag.String("address", "", "ip:port")
	name := flag.String("name", "", "server name to ask for, encrypted")
	cert := flag.String("cert", "", "PEM file, leaf first")
	key := flag.String("key", "", "PEM file")
	ca := flag.String("ca", "", "PEM file")
	flag.Parse()

	if *make != "" {
		private, list := newConfig(*make)
		fmt.Println(base64.StdEncoding.EncodeToString(private))
		fmt.Println(base64.StdEncoding.EncodeToString(list))
		return
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: *name, CurvePreferences: []tls.CurveID{tls.X25519}}
	if *serve != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		settings.Certificates = []tls.Certificate{pair}
		private, list, _ := strings.Cut(*serve, ",")
		settings.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{{Config: decode(list)[2:], PrivateKey: decode(private), SendAsRetry: true}}
		listen(*address, settings)
	}
	pem, err := os.ReadFile(*ca)
	check(err)
	settings.RootCAs = x509.NewCertPool()
	settings.RootCAs.AppendCertsFromPEM(pem)
	settings.EncryptedClientHelloConfigList = decode(*config)
	connection, err := tls.Dial("tcp", *address, settings)
	var rejection *tls.ECHRejectionError
	if *refused && errors.As(err, &rejection) {
		return
	}
	check(err)
	fmt.Println("accepted:", connection.ConnectionState().ECHAccepted)
	connection.Close()
}

func listen(address string, settings *tls.Config) {
	listener, err := tls.Listen("tcp", address, settings)
	check(err)
	for {
		connection, err := listener.Accept()
		check(err)
		go func() {
			buffer := []byte{0}
			connection.Read(buffer)
			connection.Close()
		}()
	}
}

// One ECHConfig: X25519 with SHA-256, and AES-128-GCM.
func newConfig(public string) ([]byte, []byte) {
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	check(err)
	body := []byte{42, 0, 0x20, 0, 32}
	body = append(body, private.PublicKey().Bytes()...)
	body = append(body, 0, 4, 0, 1, 0, 1, 0, byte(len(public)))
	body = append(append(body, public...), 0, 0)
	list := binary.BigEndian.AppendUint16(nil, uint16(len(body)+4))
	list = append(list, 0xfe, 0x0d)
	list = binary.BigEndian.AppendUint16(list, uint16(len(body)))
	return private.Bytes(), append(list, body...)
}

func decode(text string) []byte {
	bytes, err := base64.StdEncoding.DecodeString(text)
	check(err)
	return bytes
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
