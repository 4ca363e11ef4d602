using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>Dials TCP, by address or by name.</summary>
internal sealed class TcpConnector : IConnector
{
    private readonly AddressResolver _resolver;
    private readonly TimeProvider _timeProvider;

    public TcpConnector(AddressResolver resolver, TimeProvider timeProvider)
    {
        _resolver = resolver;
        _timeProvider = timeProvider;
    }

    public IReadOnlyList<string> Schemes { get; } = ["tcp"];

    public ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken) =>
        request.Address.EndPoint is { } endPoint
            ? SocketConnect.ConnectAsync(endPoint, request.Beside, request.Preface, cancellationToken)
            : ConnectByNameAsync(request, cancellationToken);

    private async ValueTask<ConnectResult> ConnectByNameAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        var address = request.Address;
        var name = await _resolver.ResolveAsync(address.Host, cancellationToken);
        var addresses = name.Addresses;
        if (addresses.Length == 0)
        {
            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"{address.Host}: {name.Error}");
        }

        if (addresses.Length == 1)
        {
            return await SocketConnect.ConnectAsync(new IPEndPoint(addresses[0], address.Port), request.Beside, request.Preface, cancellationToken);
        }

        var endPoints = addresses.Select(ip => new IPEndPoint(ip, address.Port)).ToArray();
        var (result, winner) = await AddressRace.ConnectAsync(endPoints, request.Beside, request.Preface, _timeProvider, cancellationToken);
        if (winner is not null)
        {
            name.Prefer(winner.Address);
        }

        return result;
    }
}
