using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connectors;

/// <summary>Dials Unix domain sockets.</summary>
internal sealed class UnixConnector : IConnector
{
    public IReadOnlyList<string> Schemes { get; } = ["unix"];

    public ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken) =>
        SocketConnect.ConnectAsync(request.Address.EndPoint!, request.Beside, request.Preface, cancellationToken);
}
