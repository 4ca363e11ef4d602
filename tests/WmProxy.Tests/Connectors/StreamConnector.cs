using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;

namespace WmProxy.Tests.Connectors;

/// <summary>Stands in for TCP or TLS: gives out one stream, and keeps the request for it.</summary>
internal sealed class StreamConnector(TransportStream stream) : IConnector
{
    public ConnectRequest? Request { get; private set; }

    public IReadOnlyList<string> Schemes => ["tcp"];

    public ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        Request = request;
        return new(ConnectResult.Connected(stream));
    }
}
