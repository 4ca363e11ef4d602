using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>Dials Unix domain sockets.</summary>
internal sealed class UnixConnector : IConnector
{
    public IReadOnlyList<string> Schemes { get; } = ["unix"];

    public ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        if (request.Through is null)
        {
            return SocketConnect.ConnectAsync(request.Address.EndPoint!, request.Beside, request.Preface, cancellationToken, request.SparesReserve);
        }

        request.Through.Dispose();
        return new(ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"{request.Address}: no parent proxy leads to a Unix domain socket", ConnectFault.Local));
    }
}
