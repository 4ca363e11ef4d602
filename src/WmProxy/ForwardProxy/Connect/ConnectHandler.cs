using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy.Http;

namespace WmProxy.ForwardProxy.Connect;

/// <summary>
/// HTTP/1.1 <c>CONNECT</c>: knows who asks, dials, says 200 and relays; or says why not, in time for the client to read it. After a 407 the connection goes on,
/// since many clients first ask without credentials.
/// </summary>
internal sealed class ConnectHandler : IForwardProtocolHandler
{
    // Whoever has not found the right password by then may connect again.
    private const int MaxChallenges = 8;

    private static readonly byte[] Established = "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray();

    private readonly IForwardAuthenticator _authenticator;
    private readonly ForwardTunnel _tunnel;
    private readonly ForwardHttpHandler _http;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;

    public ConnectHandler(
        IForwardAuthenticator authenticator, ForwardTunnel tunnel, ForwardHttpHandler http, ConnectionTable connections, TimeProvider timeProvider)
    {
        _authenticator = authenticator;
        _tunnel = tunnel;
        _http = http;
        _connections = connections;
        _timeProvider = timeProvider;
    }

    public ForwardProtocol Protocol => ForwardProtocol.Connect;

    public async Task RunAsync(TransportConnectionContext connection, ForwardProxyModel proxy)
    {
        try
        {
            await ServeAsync(connection, proxy);
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            connection.State.TryEnd(ConnectionEndReason.ClientGone);
        }
        catch (OperationCanceledException) when (_connections.Aborting.IsCancellationRequested)
        {
            connection.State.TryEnd(ConnectionEndReason.Shutdown);
        }
    }

    private async ValueTask ServeAsync(TransportConnectionContext connection, ForwardProxyModel proxy)
    {
        var state = connection.State;
        for (var challenges = 0; ; challenges++)
        {
            var read = await ConnectHeadReader.ReadAsync(connection.Stream);
            if (read.IsOtherMethod && proxy.Protocols.Contains(ForwardProtocol.Http))
            {
                // After a 407 a client may as well ask for something else.
                await _http.RunAsync(connection, proxy);
                return;
            }

            if (!read.IsComplete)
            {
                await FailAsync(connection, read, challenges);
                return;
            }

            using var credentials = read.Head.Credentials;
            state.Target = read.Head.Target.ToString();
            if (proxy.Config.Users.Count == 0)
            {
                state.SetDeadline(0);
                await ConnectAsync(connection, proxy, read.Head, user: null);
                return;
            }

            var user = credentials is null
                ? null
                : await _authenticator.AuthenticateAsync(proxy, credentials.User, credentials.Password, ClientOf(state), _connections.Aborting);

            // From here on the dialer's own time limits hold.
            state.SetDeadline(0);
            if (user is not null)
            {
                await ConnectAsync(connection, proxy, read.Head, user);
                return;
            }

            // What is behind the head may be meant for the destination already, and is then no request to this proxy.
            var keepsAlive = read.Head.KeepsAlive && connection.Stream.Buffered.IsEmpty && challenges + 1 < MaxChallenges;
            if (!keepsAlive)
            {
                await RefuseAsync(connection, HttpAnswer.AuthenticationRequired, ConnectionEndReason.AuthenticationFailed);
                return;
            }

            await connection.Stream.WriteAsync(HttpAnswer.AuthenticationRequired.ToBytes(keepAlive: true, _timeProvider.GetUtcNow()));
            state.SetDeadline(_timeProvider.GetTimestamp() + proxy.DetectTicks);
        }
    }

    private async ValueTask ConnectAsync(TransportConnectionContext connection, ForwardProxyModel proxy, ConnectHead head, string? user)
    {
        var state = connection.State;
        state.User = user;
        var client = ClientOf(state);
        var request = new ForwardRequest(ForwardCommand.Connect, head.Target, user, client);
        await _tunnel.RunAsync(
            connection,
            proxy,
            request,
            _ => TryEstablishAsync(connection),
            refused =>
            {
                state.Error = refused.Error;
                return RefuseAsync(connection, HttpAnswer.Of(refused.Refusal), refused.Failure);
            });
    }

    private async ValueTask<bool> TryEstablishAsync(TransportConnectionContext connection)
    {
        try
        {
            await connection.Stream.WriteAsync(Established, _connections.Aborting);
            return true;
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            connection.State.TryEnd(ConnectionEndReason.ClientGone);
            return false;
        }
    }

    private ValueTask FailAsync(TransportConnectionContext connection, ConnectHeadResult read, int challenges)
    {
        if (read.Error is { } error)
        {
            connection.State.Error = error.Text;
            return RefuseAsync(connection, error, ConnectionEndReason.ProtocolError);
        }

        if (read.IsOtherMethod)
        {
            connection.State.Error = "Only CONNECT is allowed.";
            return RefuseAsync(connection, HttpAnswer.OnlyConnect, ConnectionEndReason.ProtocolError);
        }

        connection.State.TryEnd(challenges > 0 ? ConnectionEndReason.AuthenticationFailed : ConnectionEndReason.ClientGone);
        return ValueTask.CompletedTask;
    }

    private ValueTask RefuseAsync(TransportConnectionContext connection, HttpAnswer answer, ConnectionEndReason reason) =>
        FinalReply.SendAsync(connection, answer.ToBytes(keepAlive: false, _timeProvider.GetUtcNow()), reason, _timeProvider);

    private static IPAddress? ClientOf(ConnectionState state) => (state.ClientEndPoint as IPEndPoint)?.Address;
}
