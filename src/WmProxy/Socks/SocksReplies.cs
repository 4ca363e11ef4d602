using WmProxy.ForwardProxy;

namespace WmProxy.Socks;

/// <summary>Refusals in the words of SOCKS.</summary>
internal static class SocksReplies
{
    /// <remarks>
    /// RFC 1928 has no reply for a destination that does not answer. "TTL expired" is what microsocks sends, and it tells silence from a router
    /// that says "host unreachable".
    /// </remarks>
    public static Socks5Reply ToReply(ForwardRefusal refusal) => refusal switch
    {
        ForwardRefusal.None => Socks5Reply.Succeeded,
        ForwardRefusal.RuleDenied or ForwardRefusal.GuardDenied or ForwardRefusal.Loop => Socks5Reply.NotAllowed,
        ForwardRefusal.NetworkUnreachable => Socks5Reply.NetworkUnreachable,
        ForwardRefusal.NameNotResolved or ForwardRefusal.HostUnreachable => Socks5Reply.HostUnreachable,
        ForwardRefusal.ConnectionRefused => Socks5Reply.ConnectionRefused,
        ForwardRefusal.Timeout => Socks5Reply.TtlExpired,
        _ => Socks5Reply.GeneralFailure,
    };

    /// <summary>The reply of SOCKS 4, which knows no reasons.</summary>
    public static Socks4Reply ToSocks4(Socks5Reply reply) => reply == Socks5Reply.Succeeded ? Socks4Reply.Granted : Socks4Reply.Rejected;
}
