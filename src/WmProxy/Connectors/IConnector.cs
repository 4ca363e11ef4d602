using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connectors;

/// <summary>Dials destinations of some schemes.</summary>
internal interface IConnector
{
    /// <summary>The schemes dialled, in lower case: <c>tcp</c>, <c>tls</c>, <c>unix</c>, <c>socks5</c>.</summary>
    IReadOnlyList<string> Schemes { get; }

    /// <summary>
    /// Connects to <see cref="ConnectRequest.Address"/>, and from there to <see cref="ConnectRequest.Target"/> where that is a parent proxy. What the network or the peer does wrong is a result, not an exception; only
    /// <paramref name="cancellationToken"/> throws (<see cref="System.OperationCanceledException"/>), with nothing left open.
    /// <see cref="ConnectRequest.Through"/> is closed too then.
    /// </summary>
    ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken);
}
