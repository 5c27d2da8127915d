import com.sun.net.httpserver.HttpServer;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.Scanner;

/** Answers every request with the address it came from, on the port its resources name. */
public class EchoIp {
    public static void main(String[] arguments) throws Exception {
        InputStream port = EchoIp.class.getResourceAsStream("/port");
        HttpServer server = HttpServer.create(new InetSocketAddress(new Scanner(port).nextInt()), 0);
        server.createContext("/", exchange -> {
            byte[] caller = (exchange.getRemoteAddress().getAddress().getHostAddress() + "\n").getBytes();
            exchange.sendResponseHeaders(200, caller.length);
            exchange.getResponseBody().write(caller);
            exchange.close();
        });
        server.start();
    }
}
