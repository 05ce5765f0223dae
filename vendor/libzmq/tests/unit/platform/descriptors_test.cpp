// The seam to the system: descriptors that wake, alarms, sets of ready descriptors, unsent bytes, and sockets that a child must not keep.
// What a port has to fulfil.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "platform/alarm_descriptor.hpp"
#include "platform/fork_generation.hpp"
#include "platform/inherited_sockets.hpp"
#include "platform/ready_set.hpp"
#include "platform/sleep.hpp"
#include "platform/unsent.hpp"
#include "platform/wake_descriptor.hpp"

using namespace engine;

namespace {

bool readable (int fd, int milliseconds = 0)
{
    pollfd entry{fd, POLLIN, 0};
    return ::poll (&entry, 1, milliseconds) == 1 && (entry.revents & POLLIN);
}

struct Pair
{
    Pair () { REQUIRE (::socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0); }
    ~Pair ()
    {
        ::close (fd[0]);
        ::close (fd[1]);
    }
    Pair (const Pair &) = delete;
    Pair &operator= (const Pair &) = delete;
    int fd[2];
};

using Found = std::vector<std::pair<void *, std::uint32_t>>;

Found look (const ReadySet &set, int milliseconds = 0)
{
    Found found;
    set.collect<8> (milliseconds, [&] (void *data, std::uint32_t events) { found.emplace_back (data, events); });
    std::sort (found.begin (), found.end ());
    return found;
}

}  // namespace

TEST_CASE ("platform: a wake descriptor is readable from the ring to the drain")
{
    WakeDescriptor wake;
    CHECK_FALSE (wake.is_open ());
    REQUIRE (wake.open ());
    CHECK_FALSE (readable (wake.fd ()));
    wake.drain ();  // does not block
    wake.ring ();
    wake.ring ();
    CHECK (readable (wake.fd ()));
    const int copy = wake.duplicate ();
    REQUIRE (copy >= 0);
    CHECK (readable (copy));
    wake.drain ();
    CHECK_FALSE (readable (wake.fd ()));
    wake.ring ();
    wake.close ();
    CHECK_FALSE (wake.is_open ());
    CHECK (readable (copy));  // with the last ring
    ::close (copy);
}

TEST_CASE ("platform: an alarm passes when its time has come, and is readable until it is drained")
{
    AlarmDescriptor alarm;
    REQUIRE (alarm.open ());
    CHECK (alarm.passed ());
    alarm.set (3600 * 1000 * millisecond);
    CHECK_FALSE (alarm.passed ());
    const Nanoseconds start = now ();
    alarm.set (3 * millisecond);
    CHECK (readable (alarm.fd (), 10000));
    CHECK (now () - start >= 3 * millisecond);
    CHECK (alarm.passed ());
    alarm.drain ();
    CHECK_FALSE (readable (alarm.fd ()));
}

TEST_CASE ("platform: a set tells what is ready of what is wanted, and is readable itself")
{
    ReadySet set, outer;
    REQUIRE (set.open ());
    REQUIRE (outer.open ());
    CHECK (outer.add (set.fd (), io_in, &outer) == 0);
    Pair a, b;
    CHECK (set.add (a.fd[0], io_in, &a) == 0);
    CHECK (set.add (a.fd[0], io_in, &a) == (ReadySet::knows_members ? EEXIST : 0));
    CHECK (set.add (b.fd[0], io_in, &b) == 0);
    CHECK (look (set).empty ());
    CHECK_FALSE (set.any_ready ());
    CHECK_FALSE (readable (outer.fd ()));

    REQUIRE (::write (a.fd[1], "x", 1) == 1);
    CHECK (look (set, 10000) == Found{{&a, io_in}});
    CHECK (set.any_ready ());
    CHECK (readable (outer.fd ()));
    CHECK (look (outer) == Found{{&outer, io_in}});

    CHECK (set.modify (a.fd[0], io_out, &a) == 0);
    CHECK (set.modify (b.fd[0], io_in | io_out, &b) == 0);
    CHECK (look (set).size () == 2);
    CHECK (set.remove (b.fd[0]) == 0);
    CHECK (set.remove (b.fd[0]) == ENOENT);
    CHECK (look (set) == Found{{&a, io_out}});
    // The end is told whatever is wanted, or as long as something is.
    CHECK (set.modify (a.fd[0], 0, &a) == 0);
    CHECK (look (set).empty ());
    if (!ReadySet::tells_unasked)
        CHECK (set.modify (a.fd[0], io_out, &a) == 0);
    ::shutdown (a.fd[1], SHUT_RDWR);
    const Found ended = look (set);
    REQUIRE (ended.size () == 1);
    CHECK ((ended[0].second & io_error) != 0);
}

TEST_CASE ("platform: what the peer has not taken counts as unsent")
{
    Pair pair;
    CHECK (unsent_bytes (pair.fd[0]) == 0);
    REQUIRE (::write (pair.fd[0], "12345", 5) == 5);
    CHECK (unsent_bytes (pair.fd[0]) > 0);
    char buffer[8];
    REQUIRE (::read (pair.fd[1], buffer, sizeof buffer) == 5);
    CHECK (unsent_bytes (pair.fd[0]) == 0);
    CHECK (unsent_bytes (-1) == -1);
}

TEST_CASE ("platform: a child closes the sockets that were remembered and are still those")
{
    Pair remembered, changed, other;
    {
        SocketCreation creation;
        creation.opened (remembered.fd[0]);
        creation.opened (changed.fd[0]);
        errno = 7;
        creation.opened (-1);
        CHECK (errno == 7);
    }
    REQUIRE (::dup2 (other.fd[1], changed.fd[0]) == changed.fd[0]);  // the number stands for something else now
    const auto child_keeps = [] (int fd) {
        before_fork ();
        const pid_t pid = ::fork ();
        if (pid == 0) {
            after_fork_in_child ();
            {
                SocketCreation free_again;
            }
            ::_exit (::fcntl (fd, F_GETFD) == -1 ? 0 : 1);
        }
        after_fork_in_parent ();
        int status = -1;
        CHECK (::waitpid (pid, &status, 0) == pid);
        return WEXITSTATUS (status) == 1;
    };
    CHECK_FALSE (child_keeps (remembered.fd[0]));
    CHECK (child_keeps (remembered.fd[1]));
    CHECK (child_keeps (changed.fd[0]));
    CHECK (child_keeps (other.fd[0]));
    // Nothing has changed here.
    REQUIRE (::write (remembered.fd[1], "x", 1) == 1);
    CHECK (readable (remembered.fd[0]));
}

TEST_CASE ("platform: the end of a peer is told without what lies unread, and nothing else where only that is wanted")
{
    ReadySet set;
    REQUIRE (set.open ());
    Pair pair;
    REQUIRE (set.add (pair.fd[0], io_ended, &pair) == 0);
    REQUIRE (::write (pair.fd[1], "x", 1) == 1);
    CHECK (look (set).empty ());
    ::shutdown (pair.fd[1], SHUT_WR);
    CHECK (look (set, 10000) == Found{{&pair, io_ended}});
    // Wanting to read is another thing, and so is wanting the end again.
    REQUIRE (set.modify (pair.fd[0], io_in, &pair) == 0);
    const Found both = look (set, 10000);
    REQUIRE (both.size () == 1);
    CHECK ((both[0].second & io_in) != 0);
    REQUIRE (set.modify (pair.fd[0], io_ended, &pair) == 0);
    CHECK (look (set, 10000) == Found{{&pair, io_ended}});
}

TEST_CASE ("platform: a child that closes its parent's set closes nothing else, and the parent's goes on")
{
    ReadySet set;
    REQUIRE (set.open ());
    Pair pair;
    REQUIRE (set.add (pair.fd[0], io_in, &pair) == 0);
    const pid_t pid = ::fork ();
    if (pid == 0) {
        fork_generation.fetch_add (1, std::memory_order_relaxed);
        const int number = set.fd ();
        // Where a set is not inherited, this takes its number.
        const int other = ReadySet::is_inherited ? -1 : ::fcntl (pair.fd[0], F_DUPFD, number);
        set.close ();
        ::_exit (other < 0 || (other == number && ::fcntl (other, F_GETFD) >= 0) ? 0 : 1);
    }
    int status = -1;
    CHECK (::waitpid (pid, &status, 0) == pid);
    CHECK (status == 0);
    REQUIRE (::write (pair.fd[1], "x", 1) == 1);
    CHECK (look (set, 10000) == Found{{&pair, io_in}});
}

TEST_CASE ("platform: a sleep ends with its time, with a descriptor, or with a signal that only it lets in")
{
    Pair pair;
    pollfd entry{pair.fd[0], POLLIN, 0};
    const timespec moment{0, 2000000}, long_time{10, 0};
    const Nanoseconds start = now ();
    CHECK (sleep_for (&entry, 1, &moment, nullptr) == 0);
    CHECK (now () - start >= 2 * millisecond);
    sigset_t mask, before;
    ::sigemptyset (&mask);
    CHECK (sleep_for (&entry, 1, &moment, &mask) == 0);
    REQUIRE (::write (pair.fd[1], "x", 1) == 1);
    for (const sigset_t *with : {static_cast<const sigset_t *> (nullptr), static_cast<const sigset_t *> (&mask)}) {
        entry.revents = 0;
        CHECK (sleep_for (&entry, 1, &long_time, with) == 1);
        CHECK (entry.revents == POLLIN);
    }
    // A number beyond those of an fd_set.
    const int high = ::fcntl (pair.fd[0], F_DUPFD_CLOEXEC, 2000);
    if (high >= 0) {
        pollfd far{high, POLLIN, 0};
        CHECK (sleep_for (&far, 1, &long_time, &mask) == 1);
        CHECK (far.revents == POLLIN);
        ::close (high);
    }

    struct sigaction action = {}, old_action;
    action.sa_handler = [] (int) {};
    ::sigaction (SIGUSR2, &action, &old_action);
    sigset_t blocked;
    ::sigemptyset (&blocked);
    ::sigaddset (&blocked, SIGUSR2);
    ::pthread_sigmask (SIG_BLOCK, &blocked, &before);
    ::pthread_kill (::pthread_self (), SIGUSR2);
    pollfd quiet{pair.fd[1], POLLIN, 0};
    CHECK (sleep_for (&quiet, 1, &moment, nullptr) == 0);
    CHECK (sleep_for (&quiet, 1, &long_time, &mask) == -1);
    CHECK (errno == EINTR);
    ::pthread_sigmask (SIG_SETMASK, &before, nullptr);
    ::sigaction (SIGUSR2, &old_action, nullptr);
}
