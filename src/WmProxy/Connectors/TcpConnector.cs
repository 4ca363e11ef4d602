using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>Dials TCP, by address or by name; or takes the connection that leads there already (<see cref="ConnectRequest.Through"/>).</summary>
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
        request.Through is { } stream ? SendPrefaceAsync(stream, request, cancellationToken)
            : request.Address.EndPoint is { } endPoint
            ? SocketConnect.ConnectAsync(endPoint, request.Beside, request.Preface, cancellationToken, request.SparesReserve)
            : ConnectByNameAsync(request, cancellationToken);

    private static async ValueTask<ConnectResult> SendPrefaceAsync(TransportStream stream, ConnectRequest request, CancellationToken cancellationToken)
    {
        var isSent = false;
        try
        {
            if (!request.Preface.IsEmpty)
            {
                await stream.WriteAsync(request.Preface, cancellationToken);
            }

            isSent = true;
            return ConnectResult.Connected(stream);
        }
        catch (Exception ex) when (ex is SocketException or IOException)
        {
            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"{request.Address}: {ex.Message}");
        }
        finally
        {
            if (!isSent)
            {
                await stream.DisposeAsync();
            }
        }
    }

    private async ValueTask<ConnectResult> ConnectByNameAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        var address = request.Address;
        var name = await _resolver.ResolveAsync(address.Host, cancellationToken);
        var addresses = name.Addresses;
        if (addresses.Length == 0)
        {
            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"{address.Host}: {name.Error}") with { Code = SocketError.HostNotFound };
        }

        if (addresses.Length == 1)
        {
            return await SocketConnect.ConnectAsync(
                new IPEndPoint(addresses[0], address.Port), request.Beside, request.Preface, cancellationToken, request.SparesReserve);
        }

        var endPoints = addresses.Select(ip => new IPEndPoint(ip, address.Port)).ToArray();
        var (result, winner) = await AddressRace.ConnectAsync(endPoints, request.Beside, request.Preface, _timeProvider, cancellationToken, request.SparesReserve);
        if (winner is not null)
        {
            name.Prefer(winner.Address);
        }

        return result;
    }
}
