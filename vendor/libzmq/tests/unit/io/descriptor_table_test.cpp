#include "io/descriptor_table.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <doctest/doctest.h>

using engine::DescriptorTable;

namespace {

// How many descriptors the process's table holds without growing.
int table_size ()
{
    std::ifstream status ("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == "FDSize:") {
            int size = 0;
            status >> size;
            return size;
        }
    return -1;
}

class Limit
{
  public:
    explicit Limit (rlim_t most)
    {
        getrlimit (RLIMIT_NOFILE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = std::min (most, before_.rlim_max);
        setrlimit (RLIMIT_NOFILE, &limit);
    }
    ~Limit () { setrlimit (RLIMIT_NOFILE, &before_); }
    Limit (const Limit &) = delete;
    Limit &operator= (const Limit &) = delete;

  private:
    rlimit before_{};
};

}  // namespace

TEST_CASE ("the table has grown long before it is full, and no descriptor is left open")
{
    std::thread ([] {}).join ();  // from now on growing is the helper's work
    const int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE (fd >= 0);
    const Limit limit (16384);
    const int next = dup (fd);
    close (next);
    {
        DescriptorTable table;
        table.prepare (fd);
        table.in_use (40);
        table.finish ();
        CHECK (table_size () >= 1024);
        table.in_use (600);
        table.finish ();
        CHECK (table_size () >= 4096);
        table.in_use (601);  // nothing to be done
    }
    CHECK (fcntl (1023, F_GETFD) == -1);
    CHECK (fcntl (4095, F_GETFD) == -1);
    CHECK (dup (fd) == next);
    close (next);
    close (fd);
}

TEST_CASE ("the limit of the process is respected, and a bad descriptor does no harm")
{
    const int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE (fd >= 0);
    const Limit limit (128);
    DescriptorTable table;
    table.prepare (fd);
    table.in_use (60);
    table.finish ();
    table.in_use (100);
    table.in_use (127);
    table.finish ();
    CHECK (fcntl (127, F_GETFD) == -1);
    close (fd);
    DescriptorTable unprepared;
    unprepared.in_use (5000);
    unprepared.finish ();
}
