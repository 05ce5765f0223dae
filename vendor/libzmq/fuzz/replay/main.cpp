// Runs a fuzz target over the files it is given (directories: over every file in them), for builds without libFuzzer.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

namespace {

void run (const std::filesystem::path &path)
{
    std::ifstream file (path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char> (file), {}};
    LLVMFuzzerTestOneInput (reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ());
}

}  // namespace

int main (int argc, char **argv)
{
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        const std::filesystem::path path (argv[i]);
        if (!std::filesystem::is_directory (path)) {
            run (path);
            ++count;
            continue;
        }
        for (const auto &entry : std::filesystem::recursive_directory_iterator (path)) {
            if (entry.is_regular_file ()) {
                run (entry.path ());
                ++count;
            }
        }
    }
    std::printf ("%zu inputs\n", count);
    return count ? 0 : 1;
}
