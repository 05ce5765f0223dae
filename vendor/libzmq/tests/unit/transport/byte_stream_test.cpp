// Byte streams without a layer, with layers that go, with one that stays, and with several.
#include "transport/byte_stream.hpp"

#include <cerrno>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "options/options.hpp"
#include "transport/fake_layer.hpp"
#include "transport/socks_layer.hpp"
#include "zmtp/framing.hpp"

using namespace engine;
using namespace held;
using namespace std::string_literals;

namespace {

struct Ends
{
    Ends ()
    {
        int fd[2];
        REQUIRE (::socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
        near = ByteStream (fd[0]);
        far = ByteStream (fd[1]);
    }
    ByteStream near, far;
};

ssize_t write (ByteStream &stream, const std::string &text)
{
    return stream.write ({reinterpret_cast<const std::uint8_t *> (text.data ()), text.size ()});
}

// What is there.
std::string read (ByteStream &stream, std::size_t most = 1000)
{
    std::string text (most, '\0');
    const ssize_t count = stream.read ({reinterpret_cast<std::uint8_t *> (text.data ()), text.size ()});
    text.resize (count < 0 ? 0 : static_cast<std::size_t> (count));
    return text;
}

bool is_open (int fd) { return ::fcntl (fd, F_GETFD) >= 0; }

DialTarget by_proxy ()
{
    DialTarget target;
    target.socks_host = "host";
    target.socks_port = 80;
    return target;
}

const std::string proxy_reply = "\5\0\0\1\0\0\0\0\0\0"s;

}  // namespace

TEST_CASE ("byte stream: plain")
{
    Ends at;
    CHECK (at.near.is_plain ());
    CHECK (at.near.open () == 0);
    CHECK_FALSE (at.near.pending ());
    CHECK_FALSE (at.near.agreed ().has_value ());
    CHECK (at.near.wants (io_in) == io_in);
    CHECK (at.near.ready (io_out) == io_out);
    CHECK (read (at.near).empty ());
    CHECK (errno == EAGAIN);
    CHECK (write (at.near, "abc") == 3);
    std::uint8_t first[2], behind[5];
    CHECK (at.far.read (first, behind) == 3);
    CHECK (std::string (first, first + 2) + static_cast<char> (behind[0]) == "abc");
    const iovec pieces[] = {{first, 2}, {behind, 1}};
    CHECK (at.far.write (pieces, 2) == 3);
    CHECK (read (at.near) == "abc");
    CHECK (at.near.end_output () == 0);
    CHECK (at.far.peer_ended ());
    CHECK (at.far.read (first) == 0);
    CHECK (at.far.unsent () == 0);
}

TEST_CASE ("byte stream: owns its descriptor")
{
    Ends at;
    const int fd = at.near.fd ();
    ByteStream other (std::move (at.near));
    CHECK_FALSE (at.near.is_open ());
    at.near.close ();
    CHECK (is_open (fd));
    CHECK (other.fd () == fd);
    other.put_on (std::make_unique<FakeLayer> ());
    CHECK (other.fd () == fd);
    at.near = std::move (other);
    CHECK (is_open (fd));
    at.near.close ();
    CHECK_FALSE (is_open (fd));
    CHECK (at.near.fd () == -1);
    CHECK (at.near.is_plain ());
    {
        const ByteStream gone = std::move (at.far);
    }
    CHECK_FALSE (at.far.is_open ());
}

TEST_CASE ("byte stream: a SOCKS layer asks the proxy and is gone")
{
    Ends at;
    const Options options;
    CHECK (put_socks_on (at.near, {}, options) == 0);
    CHECK (at.near.is_plain ());
    REQUIRE (put_socks_on (at.near, by_proxy (), options) == 0);
    CHECK_FALSE (at.near.is_plain ());
    CHECK (at.near.open () == EAGAIN);
    CHECK (at.near.wants (io_in) == io_in);
    CHECK (read (at.far) == "\5\1\0"s);
    write (at.far, "\5\0"s);
    CHECK (at.near.open () == EAGAIN);
    CHECK (read (at.far) == "\5\1\0\3\4host\0\x50"s);
    for (const char byte : proxy_reply.substr (0, 9)) {
        write (at.far, std::string (1, byte));
        CHECK (at.near.open () == EAGAIN);
    }
    write (at.far, proxy_reply.substr (9));
    CHECK (at.near.open () == 0);
    CHECK (at.near.is_plain ());
    CHECK (at.near.open () == 0);
}

TEST_CASE ("byte stream: what the peer says right behind the proxy's reply is not lost")
{
    Ends at;
    REQUIRE (put_socks_on (at.near, by_proxy (), Options ()) == 0);
    write (at.far, "\5\0"s + proxy_reply + "first");
    // (An eager proxy: the second question is still to be asked.)
    CHECK (at.near.open () == 0);
    CHECK_FALSE (at.near.is_plain ());
    CHECK (at.near.pending ());
    CHECK (write (at.near, "x") == 1);
    CHECK (read (at.near, 2) == "fi");
    CHECK (at.near.pending ());
    CHECK (read (at.near) == "rst");
    CHECK (at.near.is_plain ());
    CHECK_FALSE (at.near.pending ());
    write (at.far, "more");
    CHECK (read (at.near) == "more");
    CHECK (read (at.far) == "\5\1\0\5\1\0\3\4host\0\x50x"s);
}

TEST_CASE ("byte stream: a proxy that refuses, leaves or cannot be asked")
{
    const std::pair<std::string, int> cases[] = {{"\5\xff", EACCES}, {"HTTP/1.1 400\r\n", EPROTO}, {"\5\0\5\5"s, ECONNREFUSED}};
    for (const auto &[said, error] : cases) {
        Ends at;
        REQUIRE (put_socks_on (at.near, by_proxy (), Options ()) == 0);
        write (at.far, said);
        CHECK (at.near.open () == error);
    }
    Ends at;
    REQUIRE (put_socks_on (at.near, by_proxy (), Options ()) == 0);
    CHECK (at.near.open () == EAGAIN);
    at.far.end_output ();
    CHECK (at.near.open () == EPIPE);
    Ends other;
    DialTarget nowhere;
    nowhere.socks_host = std::string (256, 'h');
    REQUIRE (put_socks_on (other.near, nowhere, Options ()) == 0);
    CHECK (other.near.open () == EINVAL);
}

TEST_CASE ("byte stream: a layer on a layer opens after it, and says what was agreed")
{
    Ends at;
    REQUIRE (put_socks_on (at.near, by_proxy (), Options ()) == 0);
    at.near.put_on (std::make_unique<FakeLayer> (HandshakeStart{&zmtp::v3_1}));
    CHECK (at.near.open () == EAGAIN);
    CHECK (read (at.far) == "\5\1\0"s);
    write (at.far, "\5\0"s + proxy_reply + "H");
    CHECK (at.near.open () == EAGAIN);
    CHECK (read (at.far).ends_with ("\x50HI"));
    CHECK_FALSE (at.near.agreed ().has_value ());
    write (at.far, "I");
    CHECK (at.near.open () == 0);
    CHECK_FALSE (at.near.is_plain ());
    REQUIRE (at.near.agreed ().has_value ());
    CHECK (at.near.agreed ()->framing == &zmtp::v3_1);
    CHECK (write (at.near, "a") == 1);
    CHECK (read (at.far) == "\0\1\x3b"s);
    at.near.close ();
    CHECK (at.far.peer_ended ());
}

TEST_CASE ("byte stream: what a layer has to send counts as unsent, and is sent before the end")
{
    Ends at;
    at.near.put_on (std::make_unique<FakeLayer> ());
    write (at.far, "HI");
    REQUIRE (at.near.open () == 0);
    // Its window is not what stops it here.
    const int size = 4096;
    ::setsockopt (at.near.fd (), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    const std::string text (8000, 't');
    std::size_t written = 0;
    for (ssize_t count; (count = write (at.near, text.substr (written))) > 0;)
        written += static_cast<std::size_t> (count);
    CHECK (written < text.size ());
    const bool full = at.near.wants (0) == io_out;
    CHECK ((at.near.end_output () == EAGAIN) == full);
    CHECK (at.near.unsent () > 0);
    CHECK (at.near.ready (io_in) == (io_in | io_out));
    CHECK (at.near.ready (io_error) == io_error);
}
