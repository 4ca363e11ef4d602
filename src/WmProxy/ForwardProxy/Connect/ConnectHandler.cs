using System;
using System.IO;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy.Http;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Connect;

/// <summary>
/// <c>CONNECT</c> (RFC 9110 section 9.3.6): knows who asks, dials, says 200 and relays; or says why not, in time for the client to read it. After a 407 the
/// connection goes on, since many clients first ask without credentials.
/// </summary>
internal sealed class ConnectHandler
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);
    private static readonly byte[] Established = "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray();

    private readonly ForwardRequestAuthenticator _authenticator;
    private readonly ForwardTunnel _tunnel;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;

    public ConnectHandler(ForwardRequestAuthenticator authenticator, ForwardTunnel tunnel, ConnectionTable connections, TimeProvider timeProvider)
    {
        _authenticator = authenticator;
        _tunnel = tunnel;
        _connections = connections;
        _timeProvider = timeProvider;
    }

    /// <summary>Serves the request whose head <paramref name="connection"/> has.</summary>
    /// <returns>Whether another one may follow; else the connection is over.</returns>
    public async ValueTask<bool> HandleAsync(ForwardHttpConnection connection, ForwardProxyModel proxy)
    {
        var (state, request) = (connection.State, connection.Request);
        state.AccessLog = connection.AccessLog;
        if (!TryParse(request, out var target, out var answer))
        {
            state.Error = answer.Text;
            await RefuseAsync(connection, answer, ConnectionEndReason.ProtocolError);
            return false;
        }

        state.Target = target.ToString();
        string? user = null;
        if (proxy.Config.Users.Count > 0)
        {
            user = await _authenticator.AuthenticateAsync(connection, proxy, connection.Canceled);
            if (user is null)
            {
                return await ChallengeAsync(connection, proxy);
            }

            state.User = user;
        }

        request.Release();
        await _tunnel.RunAsync(
            connection.Context,
            proxy,
            new ForwardRequest(ForwardCommand.Connect, target, user, connection.Client),
            _ => TryEstablishAsync(connection),
            refused =>
            {
                state.Error = refused.Error;
                return RefuseAsync(connection, HttpAnswer.Of(refused.Refusal), refused.Failure);
            });
        return false;
    }

    private static bool TryParse(RequestHead request, out ForwardTarget target, out HttpAnswer answer)
    {
        answer = HttpAnswer.BadRequest("The target of CONNECT is host:port, with a port from 1 to 65535.");
        if (!Authority.TryParse(request.Target, defaultPort: null, out target))
        {
            return false;
        }

        answer = HttpAnswer.BadRequest("The Host field is not valid.");
        if (!Authority.IsHostValid(request, request.Target))
        {
            return false;
        }

        // Content-Length: 0 is said by some.
        answer = HttpAnswer.BadRequest("CONNECT has no content.");
        return !request.Framing.HasContent;
    }

    private async ValueTask<bool> ChallengeAsync(ForwardHttpConnection connection, ForwardProxyModel proxy)
    {
        // What is behind the head may be meant for the destination already, and is then no request to this proxy.
        if (!connection.Request.KeepsAlive || !connection.Stream.Buffered.IsEmpty || connection.State.IsDraining || ++connection.Challenges >= ForwardHttpHandler.MaxChallenges)
        {
            await RefuseAsync(connection, HttpAnswer.AuthenticationRequired, ConnectionEndReason.AuthenticationFailed);
            return false;
        }

        connection.State.SetDeadline(_timeProvider.GetTimestamp() + proxy.DetectTicks);
        await connection.Stream.WriteAsync(HttpAnswer.AuthenticationRequired.ToBytes(keepAlive: true, _timeProvider.GetUtcNow()));
        return true;
    }

    private async ValueTask<bool> TryEstablishAsync(ForwardHttpConnection connection)
    {
        try
        {
            // A client that does not take the responses to its earlier requests would hold up this one.
            connection.State.SetDeadline(_timeProvider.GetTimestamp() + _connections.ToTicks(AnswerTimeout));
            await connection.Stream.WriteAsync(Established, _connections.Aborting);
            return true;
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            connection.State.TryEnd(ConnectionEndReason.ClientGone);
            return false;
        }
    }

    private ValueTask RefuseAsync(ForwardHttpConnection connection, HttpAnswer answer, ConnectionEndReason reason) =>
        FinalReply.SendAsync(connection.Context, answer.ToBytes(keepAlive: false, _timeProvider.GetUtcNow()), reason, _timeProvider);
}
