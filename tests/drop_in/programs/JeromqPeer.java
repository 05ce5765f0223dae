// The other end of test_jeromq.py, on JeroMQ, which has its own implementation of ZMTP: connects to the endpoints named on the command line
// (REP, PULL, PUSH, XPUB, SUB, ROUTER, in this order), and at last binds a ROUTER whose endpoint it tells the ROUTER it was connected to.
import java.util.Arrays;
import org.zeromq.ZMQ;

public class JeromqPeer {
    static final int MANY = 2000;

    static void check(boolean right, String what) {
        if (!right) {
            System.err.println(what);
            System.exit(1);
        }
    }

    static ZMQ.Socket open(ZMQ.Context context, int type, String endpoint) {
        ZMQ.Socket socket = context.socket(type);
        socket.setLinger(20000);
        socket.setReceiveTimeOut(20000);
        socket.setHWM(2 * MANY);
        if (type == ZMQ.DEALER) {
            socket.setIdentity("jeromq".getBytes());
        }
        if (type == ZMQ.SUB) {
            socket.subscribe("topic".getBytes());
        }
        if (endpoint != null) {
            socket.connect(endpoint);
        }
        return socket;
    }

    public static void main(String[] endpoints) throws Exception {
        ZMQ.Context context = ZMQ.context(1);
        ZMQ.Socket req = open(context, ZMQ.REQ, endpoints[0]);
        for (int i = 0; i < 50; ++i) {
            byte[] body = new byte[5000 * i];
            Arrays.fill(body, (byte) i);
            req.send(("question " + i).getBytes(), ZMQ.SNDMORE);
            req.send(body, 0);
            check(new String(req.recv(0)).equals("question " + i) && Arrays.equals(req.recv(0), body), "the answer");
        }

        ZMQ.Socket push = open(context, ZMQ.PUSH, endpoints[1]);
        for (int i = 0; i < MANY; ++i) {
            push.send(("number " + i).getBytes(), 0);
        }
        ZMQ.Socket pull = open(context, ZMQ.PULL, endpoints[2]);
        for (int i = 0; i < MANY; ++i) {
            byte[] message = pull.recv(0);
            check(message != null && new String(message).equals("number " + i), "number " + i);
        }

        ZMQ.Socket sub = open(context, ZMQ.SUB, endpoints[3]);
        check(new String(sub.recv(0)).equals("topic and more"), "the publication");
        ZMQ.Socket pub = open(context, ZMQ.XPUB, endpoints[4]);
        check(new String(pub.recv(0)).equals("\001topic"), "the subscription");
        pub.send("other".getBytes(), 0);
        pub.send("topic of ours".getBytes(), 0);
        check(new String(pub.recv(0)).equals("\000topic"), "the end of the subscription");

        ZMQ.Socket router = open(context, ZMQ.ROUTER, null);
        int port = router.bindToRandomPort("tcp://127.0.0.1");
        ZMQ.Socket dealer = open(context, ZMQ.DEALER, endpoints[5]);
        dealer.send(("tcp://127.0.0.1:" + port).getBytes(), 0);
        check(new String(dealer.recv(0)).equals("known by name"), "the router's answer");
        byte[] id = router.recv(0);
        check(new String(id).equals("zmqpy") && new String(router.recv(0)).equals("hello"), "the dealer's message");
        router.send(id, ZMQ.SNDMORE);
        router.send("seen".getBytes(), 0);

        for (ZMQ.Socket socket : new ZMQ.Socket[] {req, push, pull, sub, pub, router, dealer}) {
            socket.close();
        }
        context.term();
    }
}
