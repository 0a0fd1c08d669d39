import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * A Java TLS peer for what nobody else still speaks: SSL 3.0, and a ClientHello in SSL 2.0's form.
 * Flags: -serve true, -address IP:PORT, -name N, -store F (PKCS#12, password "changeit"),
 * -versions L and -ciphers L with commas. A client checks nothing.
 */
public class Peer {
    public static void main(String[] args) throws Exception {
        Map<String, String> flags = new HashMap<>();
        for (int at = 0; at + 1 < args.length; at += 2) flags.put(args[at].substring(1), args[at + 1]);
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.certpath.disabledAlgorithms", "");
        String[] address = flags.get("address").split(":");
        InetAddress host = InetAddress.getByName(address[0]);
        int port = Integer.parseInt(address[1]);
        String[] versions = flags.get("versions").split(",");
        String[] ciphers = flags.get("ciphers").split(",");
        SSLContext context = context(flags.get("store"));

        if (flags.containsKey("serve")) {
            SSLServerSocket door =
                    (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 5, host);
            door.setEnabledProtocols(versions);
            door.setEnabledCipherSuites(ciphers);
            while (true) {
                try (Socket visitor = door.accept()) {
                    visitor.getInputStream().read(new byte[4096]);
                    visitor.getOutputStream().write("HTTP/1.0 200 OK\r\n\r\nok\n".getBytes());
                }
            }
        }
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(host, port)) {
            socket.setEnabledProtocols(versions);
            socket.setEnabledCipherSuites(ciphers);
            SSLParameters parameters = socket.getSSLParameters();
            if (flags.containsKey("name")) parameters.setServerNames(List.of(new SNIHostName(flags.get("name"))));
            socket.setSSLParameters(parameters);
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
            socket.getInputStream().readAllBytes();
        }
    }

    private static SSLContext context(String store) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        KeyStore identity = KeyStore.getInstance("PKCS12");
        if (store == null) identity.load(null, null);
        else identity.load(new FileInputStream(store), "changeit".toCharArray());
        keys.init(identity, "changeit".toCharArray());
        context.init(keys.getKeyManagers(), new TrustManager[] {new AnyCertificate()}, null);
        return context;
    }

    private static class AnyCertificate implements X509TrustManager {
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
