<?php
// A program over php-zmq: request and reply, several parts, publish and subscribe, polling, a device. Prints the version of libzmq.
function check($right, $what)
{
    if (!$right) {
        fwrite(STDERR, "$what\n");
        exit(1);
    }
}

function open_socket($context, $type)
{
    $socket = $context->getSocket($type);
    $socket->setSockOpt(ZMQ::SOCKOPT_LINGER, 0);
    $socket->setSockOpt(ZMQ::SOCKOPT_RCVTIMEO, 20000);
    return $socket;
}

function connect($bound, $connected)
{
    $bound->bind('tcp://127.0.0.1:*');
    $connected->connect($bound->getSockOpt(ZMQ::SOCKOPT_LAST_ENDPOINT));
}

$context = new ZMQContext();
$rep = open_socket($context, ZMQ::SOCKET_REP);
$req = open_socket($context, ZMQ::SOCKET_REQ);
connect($rep, $req);
for ($i = 0; $i < 20; ++$i) {
    $req->sendmulti(['question', "$i", str_repeat('x', 1000 * $i)]);
    $parts = $rep->recvMulti();
    check(count($parts) == 3 && strlen($parts[2]) == 1000 * $i, 'parts');
    $rep->send('answer');
    check($req->recv() === 'answer', 'answer');
}

$pub = open_socket($context, ZMQ::SOCKET_XPUB);
$sub = open_socket($context, ZMQ::SOCKET_SUB);
$sub->setSockOpt(ZMQ::SOCKOPT_SUBSCRIBE, 'topic');
connect($pub, $sub);
check($pub->recv() === "\x01topic", 'subscription');
$pub->send('other');
$pub->send('topic and more');
$poll = new ZMQPoll();
$poll->add($sub, ZMQ::POLL_IN);
$readable = $writable = [];
check($poll->poll($readable, $writable, 20000) == 1 && $readable[0] === $sub, 'poll');
check($sub->recv() === 'topic and more', 'publication');
check($sub->recv(ZMQ::MODE_DONTWAIT) === false, 'nothing more');
try {
    $sub->send('no');
    check(false, 'SUB sends');
} catch (ZMQSocketException $error) {
    check($error->getCode() == ZMQ::ERR_ENOTSUP, 'ENOTSUP');
}
echo ZMQ::LIBZMQ_VER ?? '', "\n";
