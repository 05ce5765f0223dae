# A program over ZMQ::FFI: request and reply, several parts, publish and subscribe, polling. Prints the version of libzmq that it runs on.
use strict;
use warnings;
use ZMQ::FFI qw(ZMQ_REQ ZMQ_REP ZMQ_XPUB ZMQ_SUB ZMQ_LAST_ENDPOINT ZMQ_RCVTIMEO);

my $context = ZMQ::FFI->new(soname => 'libzmq.so.5');

sub open_socket {
    my $socket = $context->socket(shift);
    $socket->set_linger(0);
    $socket->set(ZMQ_RCVTIMEO, 'int', 20_000);
    return $socket;
}

sub connect_to {
    my ($bound, $connected) = @_;
    $bound->bind('tcp://127.0.0.1:*');
    my $endpoint = $bound->get(ZMQ_LAST_ENDPOINT, 'string');
    $endpoint =~ s/\0//g;
    $connected->connect($endpoint);
}

my ($rep, $req) = (open_socket(ZMQ_REP), open_socket(ZMQ_REQ));
connect_to($rep, $req);
for my $i (0 .. 19) {
    $req->send_multipart(['question', "$i", 'x' x (1000 * $i)]);
    my @parts = $rep->recv_multipart();
    die 'parts' unless @parts == 3 && length($parts[2]) == 1000 * $i;
    $rep->send('answer');
    die 'answer' unless $req->recv() eq 'answer';
}

my ($pub, $sub) = (open_socket(ZMQ_XPUB), open_socket(ZMQ_SUB));
$sub->subscribe('topic');
connect_to($pub, $sub);
die 'subscription' unless $pub->recv() eq "\x01topic";
$pub->send('other');
$pub->send('topic and more');
die 'publication' unless $sub->recv() eq 'topic and more';
die 'readable' if $sub->has_pollin();
die 'descriptor' unless $sub->get_fd() > 0;

$_->close() for ($rep, $req, $pub, $sub);
$context->destroy();
print join('.', $context->version()), "\n";
