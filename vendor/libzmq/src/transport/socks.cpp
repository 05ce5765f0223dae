// See socks.hpp.
#include "transport/socks.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace engine {

namespace {

constexpr std::uint8_t version = 5;
constexpr std::uint8_t authentication_version = 1;
constexpr std::uint8_t no_authentication = 0;
constexpr std::uint8_t username_password = 2;
constexpr std::uint8_t ipv4 = 1;
constexpr std::uint8_t domain_name = 3;
constexpr std::uint8_t ipv6 = 4;
constexpr std::size_t longest_text = 255;

constexpr char as_char (std::size_t value) noexcept { return static_cast<char> (static_cast<std::uint8_t> (value)); }

int errno_of_reply (std::uint8_t code) noexcept
{
    switch (code) {
    case 2:
        return EACCES;  // not allowed by ruleset
    case 3:
        return ENETUNREACH;
    case 4:
        return EHOSTUNREACH;
    case 5:
        return ECONNREFUSED;
    case 6:
        return ETIMEDOUT;  // TTL expired
    case 7:
        return EOPNOTSUPP;
    case 8:
        return EAFNOSUPPORT;
    default:
        return EIO;
    }
}

}  // namespace

SocksClient::SocksClient (const SocksRequest &request) : request_ (request)
{
    if (request_.host.empty () || request_.host.size () > longest_text || request_.port == 0 || request_.username.size () > longest_text ||
        request_.password.size () > longest_text)
    {
        fail (EINVAL);
        return;
    }
    const std::uint8_t method = request_.username.empty () ? no_authentication : username_password;
    queue (std::string{as_char (version), as_char (1), as_char (method)});
}

std::span<const std::uint8_t> SocksClient::output () const noexcept
{
    return {reinterpret_cast<const std::uint8_t *> (out_.data ()) + out_sent_, out_.size () - out_sent_};
}

void SocksClient::sent (std::size_t count) noexcept { out_sent_ += std::min (count, out_.size () - out_sent_); }

std::size_t SocksClient::feed (std::span<const std::uint8_t> bytes)
{
    std::size_t used = 0;
    while (state_ == State::in_progress && used < bytes.size ()) {
        in_[in_size_++] = bytes[used++];
        if (in_size_ == wanted ())
            answer ();
    }
    return used;
}

std::size_t SocksClient::wanted () const noexcept
{
    if (step_ != Step::reply || in_size_ < 2)
        return 2;
    // A refusal may be all the proxy sends, and after a wrong byte the rest cannot be read.
    if (in_[0] != version || in_[1] != 0 || (in_size_ > 2 && in_[2] != 0))
        return in_size_;
    if (in_size_ < 5)
        return 5;
    switch (in_[3]) {
    case ipv4:
        return 4 + 4 + 2;
    case ipv6:
        return 4 + 16 + 2;
    case domain_name:
        return 4U + 1U + in_[4] + 2U;
    default:
        return 5;
    }
}

void SocksClient::answer ()
{
    switch (step_) {
    case Step::method:
        on_method ();
        break;
    case Step::authentication:
        on_authentication ();
        break;
    case Step::reply:
        on_reply ();
        break;
    }
}

void SocksClient::on_method ()
{
    const std::uint8_t method = in_[1];
    in_size_ = 0;
    if (in_[0] != version)
        return fail (EPROTO);
    if (method == no_authentication)
        return ask_for_target ();
    if (method != username_password || request_.username.empty ())
        return fail (EACCES);
    step_ = Step::authentication;
    queue (std::string{as_char (authentication_version), as_char (request_.username.size ())} + request_.username +
           as_char (request_.password.size ()) + request_.password);
}

void SocksClient::on_authentication ()
{
    in_size_ = 0;
    if (in_[0] != authentication_version)
        return fail (EPROTO);
    if (in_[1] != 0)
        return fail (EACCES);
    ask_for_target ();
}

void SocksClient::ask_for_target ()
{
    step_ = Step::reply;
    std::string text{as_char (version), as_char (1), as_char (0)};
    std::array<char, sizeof (in6_addr)> literal{};
    if (::inet_pton (AF_INET, request_.host.c_str (), literal.data ()) == 1) {
        text += as_char (ipv4);
        text.append (literal.data (), sizeof (in_addr));
    } else if (::inet_pton (AF_INET6, request_.host.c_str (), literal.data ()) == 1) {
        text += as_char (ipv6);
        text.append (literal.data (), sizeof (in6_addr));
    } else {
        text += as_char (domain_name);
        text += as_char (request_.host.size ());
        text += request_.host;
    }
    text += as_char (request_.port >> 8U);
    text += as_char (request_.port & 0xffU);
    queue (text);
}

void SocksClient::on_reply ()
{
    if (in_[0] != version)
        return fail (EPROTO);
    if (in_[1] != 0)
        return fail (errno_of_reply (in_[1]));
    if (in_[2] != 0 || (in_[3] != ipv4 && in_[3] != ipv6 && in_[3] != domain_name))
        return fail (EPROTO);
    in_size_ = 0;
    state_ = State::ready;
}

void SocksClient::queue (std::string_view bytes)
{
    out_.erase (0, out_sent_);
    out_sent_ = 0;
    out_ += bytes;
}

void SocksClient::fail (int error) noexcept
{
    state_ = State::failed;
    error_ = error;
    out_.clear ();
    out_sent_ = 0;
}

}  // namespace engine
