// See socks_layer.hpp.
#include "transport/socks_layer.hpp"

#include <memory>

#include "options/options.hpp"
#include "transport/byte_layer.hpp"
#include "transport/socks.hpp"

namespace engine {

namespace {

class SocksLayer final : public OpeningLayer
{
  public:
    explicit SocksLayer (const SocksRequest &request) : client_ (request) {}

  private:
    std::span<const std::uint8_t> output () const noexcept override { return client_.output (); }
    void sent (std::size_t count) noexcept override { client_.sent (count); }
    std::size_t feed (std::span<const std::uint8_t> bytes) override { return client_.feed (bytes); }
    int outcome () const noexcept override
    {
        switch (client_.state ()) {
        case SocksClient::State::in_progress:
            return EAGAIN;
        case SocksClient::State::failed:
            return client_.error ();
        case SocksClient::State::ready:
            break;
        }
        return 0;
    }

    SocksClient client_;
};

}  // namespace

int put_socks_on (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept
try {
    if (!target.socks_host.empty ())
        bytes.put_on (std::make_unique<SocksLayer> (
          SocksRequest{target.socks_host, target.socks_port, options.socks_username, options.socks_password}));
    return 0;
} catch (...) {
    return ENOMEM;
}

}  // namespace engine
