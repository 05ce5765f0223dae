// A program over jzmq, the binding to libzmq by JNI: request and reply, several parts, publish and subscribe, polling, threads.
// Prints the file of libzmq that it runs on, for the version it can say is the one it was compiled with.
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import org.zeromq.ZMQ;

public class Jzmq {
    static void check(boolean right, String what) {
        if (!right) {
            System.err.println(what);
            System.exit(1);
        }
    }

    static ZMQ.Socket open(ZMQ.Context context, int type) {
        ZMQ.Socket socket = context.socket(type);
        socket.setLinger(0);
        socket.setReceiveTimeOut(20000);
        return socket;
    }

    public static void main(String[] arguments) throws Exception {
        ZMQ.Context context = ZMQ.context(1);
        ZMQ.Socket rep = open(context, ZMQ.REP), req = open(context, ZMQ.REQ);
        int port = rep.bindToRandomPort("tcp://127.0.0.1");
        Thread server = new Thread(() -> {
            for (int i = 0; i < 100; ++i) {
                byte[] first = rep.recv(0);
                check(rep.hasReceiveMore(), "one part");
                byte[] second = rep.recv(0);
                rep.send(first, ZMQ.SNDMORE);
                rep.send(second, 0);
            }
        });
        server.start();
        req.connect("tcp://127.0.0.1:" + port);
        for (int i = 0; i < 100; ++i) {
            byte[] body = new byte[1000 * i];
            Arrays.fill(body, (byte) i);
            req.send(("question " + i).getBytes(), ZMQ.SNDMORE);
            req.send(body, 0);
            check(new String(req.recv(0)).equals("question " + i) && Arrays.equals(req.recv(0), body), "the answer");
        }
        server.join();

        ZMQ.Socket pub = open(context, ZMQ.XPUB), sub = open(context, ZMQ.SUB);
        sub.subscribe("topic".getBytes());
        sub.connect("tcp://127.0.0.1:" + pub.bindToRandomPort("tcp://127.0.0.1"));
        check(new String(pub.recv(0)).equals("\001topic"), "the subscription");
        pub.send("other".getBytes(), 0);
        pub.send("topic and more".getBytes(), 0);
        ZMQ.Poller poller = new ZMQ.Poller(1);
        poller.register(sub, ZMQ.Poller.POLLIN);
        check(poller.poll(20000) == 1 && poller.pollin(0), "poll");
        check(new String(sub.recv(0)).equals("topic and more"), "the publication");
        check(sub.recv(ZMQ.NOBLOCK) == null, "nothing more");

        rep.close();
        req.close();
        pub.close();
        sub.close();
        context.term();
        for (String line : Files.readAllLines(Paths.get("/proc/self/maps"))) {
            if (line.contains("libzmq.so")) {
                System.out.println(line);
            }
        }
    }
}
