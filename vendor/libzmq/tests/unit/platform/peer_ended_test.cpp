// Whether a peer has ended, whatever lies unread before that.
#include "platform/peer_ended.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

using engine::peer_ended;

TEST_CASE ("a peer has ended when it closed or stopped sending, also behind what was not read")
{
    for (const bool unread : {false, true})
        for (const bool closes : {false, true}) {
            int fd[2];
            REQUIRE (::socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0);
            CHECK_FALSE (peer_ended (fd[0]));
            if (unread)
                REQUIRE (::send (fd[1], "x", 1, 0) == 1);
            CHECK_FALSE (peer_ended (fd[0]));
            if (closes)
                ::close (fd[1]);
            else
                ::shutdown (fd[1], SHUT_WR);
            CHECK (peer_ended (fd[0]));
            char byte;
            CHECK (::recv (fd[0], &byte, 1, MSG_DONTWAIT) == (unread ? 1 : 0));
            if (!closes)
                ::close (fd[1]);
            ::close (fd[0]);
        }
}
