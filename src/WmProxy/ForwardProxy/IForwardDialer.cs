using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy;

/// <summary>
/// Carries a client's wish out: judges it by the rules, resolves the name once, judges each address by rules and guard, and dials what was judged, directly or
/// through a parent. Failures are results; only the token throws, with nothing left open.
/// </summary>
internal interface IForwardDialer
{
    /// <summary>Connects; <paramref name="beside"/> is the client's stream, as in <see cref="Connectors.ConnectRequest.Beside"/>.</summary>
    ValueTask<ForwardDialResult> DialAsync(ForwardProxyModel proxy, ForwardRequest request, TransportStream? beside, CancellationToken cancellationToken);

    /// <summary>Connects to what <see cref="JudgeAsync"/> has allowed.</summary>
    ValueTask<ForwardDialResult> DialAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardVerdict verdict, TransportStream? beside, CancellationToken cancellationToken);

    /// <summary>
    /// The same without dialling, for what is no connection: a datagram's destination, the peer of a <c>BIND</c>, one request of many on a kept-alive
    /// connection. The verdict has the rule and, unless a parent is to be used, the addresses that may be used.
    /// </summary>
    ValueTask<ForwardVerdict> JudgeAsync(ForwardProxyModel proxy, ForwardRequest request, CancellationToken cancellationToken);
}
