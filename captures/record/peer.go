// A Go TLS peer, started in a namespace. With -serve true it answers every connection, else it makes one.
//
//	-ca trusts this root (a server then demands client certificates under it); without it a client
//	checks nothing. -cert and -key are what is sent. -version is the only version offered.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"io"
	"log"
	"net"
	"os"
)

func main() {
	serve := flag.String("serve", "", "any value: be a server")
	address := flag.String("address", "", "ip:port")
	name := flag.String("name", "", "server name to ask for")
	cert := flag.String("cert", "", "PEM file, leaf first")
	key := flag.String("key", "", "PEM file")
	ca := flag.String("ca", "", "PEM file")
	version := flag.String("version", "1.3", "1.2 or 1.3, or any of both")
	groups := flag.String("groups", "x25519", "x25519, or default: those that Go chooses")
	from := flag.String("from", "", "address of the client")
	flag.Parse()

	settings := &tls.Config{ServerName: *name, InsecureSkipVerify: *ca == "", CurvePreferences: []tls.CurveID{tls.X25519}}
	settings.MinVersion = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13, "any": tls.VersionTLS12}[*version]
	settings.MaxVersion = settings.MinVersion
	if *version == "any" {
		settings.MaxVersion = tls.VersionTLS13
	}
	if *groups == "default" {
		settings.CurvePreferences = nil
	}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		settings.Certificates = []tls.Certificate{pair}
	}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		check(err)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		settings.RootCAs, settings.ClientCAs = pool, pool
		settings.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if *serve != "" {
		answerAll(*address, settings)
	} else {
		ask(*address, *from, settings)
	}
}

func answerAll(address string, settings *tls.Config) {
	listener, err := tls.Listen("tcp", address, settings)
	check(err)
	for {
		connection, err := listener.Accept()
		check(err)
		request := make([]byte, 4096)
		if _, err := connection.Read(request); err == nil {
			io.WriteString(connection, "HTTP/1.0 200 OK\r\n\r\nok\n")
		}
		connection.Close()
	}
}

func ask(address string, from string, settings *tls.Config) {
	dialer := &net.Dialer{}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	connection, err := tls.DialWithDialer(dialer, "tcp", address, settings)
	check(err)
	_, err = io.WriteString(connection, "GET / HTTP/1.0\r\n\r\n")
	check(err)
	_, err = io.ReadAll(connection)
	check(err)
	connection.Close()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
