# A program over ffi-rzmq: request and reply, several parts, publish and subscribe, polling. Prints the version of libzmq that it runs on.
require 'ffi-rzmq'

def check(right, what)
  abort("#{what}: #{ZMQ::Util.error_string}") unless right
end

def socket(context, type)
  made = context.socket(type)
  check(made.setsockopt(ZMQ::LINGER, 0).zero? && made.setsockopt(ZMQ::RCVTIMEO, 20_000).zero?, 'options')
  made
end

def connect(bound, connected)
  check(bound.bind('tcp://127.0.0.1:*').zero?, 'bind')
  endpoint = []
  check(bound.getsockopt(ZMQ::LAST_ENDPOINT, endpoint).zero?, 'LAST_ENDPOINT')
  check(connected.connect(endpoint[0].delete("\0")).zero?, 'connect')
end

context = ZMQ::Context.new
rep = socket(context, ZMQ::REP)
req = socket(context, ZMQ::REQ)
connect(rep, req)
20.times do |i|
  check(req.send_strings(['question', i.to_s, 'x' * 1000 * i]) >= 0, 'send')
  parts = []
  check(rep.recv_strings(parts) >= 0 && parts.size == 3 && parts[2].size == 1000 * i, 'receive')
  check(rep.send_string('answer') >= 0, 'answer')
  check(req.recv_string(answer = +'') >= 0 && answer == 'answer', 'the answer')
end

pub = socket(context, ZMQ::XPUB)
sub = socket(context, ZMQ::SUB)
check(sub.setsockopt(ZMQ::SUBSCRIBE, 'topic').zero?, 'SUBSCRIBE')
connect(pub, sub)
check(pub.recv_string(subscription = +'') >= 0 && subscription == "\x01topic", 'the subscription')
pub.send_string('other')
pub.send_string('topic and more')
poller = ZMQ::Poller.new
poller.register_readable(sub)
check(poller.poll(20_000) == 1 && poller.readables == [sub], 'poll')
check(sub.recv_string(text = +'') >= 0 && text == 'topic and more', 'the publication')
check(sub.recv_string(text, ZMQ::DONTWAIT) == -1 && ZMQ::Util.errno == ZMQ::EAGAIN, 'EAGAIN')

[rep, req, pub, sub].each(&:close)
context.terminate
puts LibZMQ.version.values_at(:major, :minor, :patch).join('.')
