using System;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy;

namespace WmProxy.Socks;

/// <summary>Serves SOCKS 5 (RFC 1928): greeting, user name and password where the proxy has users (RFC 1929), and one request.</summary>
internal sealed class Socks5Handler : IForwardProtocolHandler
{
    private static readonly byte[] NoAuthentication = [Socks5Protocol.Version, (byte)Socks5Method.None];
    private static readonly byte[] PasswordPlease = [Socks5Protocol.Version, (byte)Socks5Method.Password];
    private static readonly byte[] NoAcceptableMethod = [Socks5Protocol.Version, (byte)Socks5Method.NoAcceptable];
    private static readonly byte[] Welcome = [Socks5Protocol.PasswordVersion, 0];
    private static readonly byte[] WrongPassword = [Socks5Protocol.PasswordVersion, 1];

    private readonly IForwardAuthenticator _authenticator;
    private readonly SocksCommands _commands;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<Socks5Handler> _logger;

    public Socks5Handler(
        IForwardAuthenticator authenticator, SocksCommands commands, ConnectionTable connections, TimeProvider timeProvider, ILogger<Socks5Handler> logger)
    {
        _authenticator = authenticator;
        _commands = commands;
        _connections = connections;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    public ForwardProtocol Protocol => ForwardProtocol.Socks5;

    public async Task RunAsync(TransportConnectionContext connection, ForwardProxyModel proxy)
    {
        var client = new SocksClient(connection, proxy, SocksVersion.V5, _timeProvider, _logger);
        var hasUsers = proxy.Config.Users.Count > 0;
        if (!await NegotiateAsync(client, hasUsers) || (hasUsers && !await AuthenticateAsync(client)))
        {
            return;
        }

        SocksParseStatus status;
        Socks5Request request;
        Socks5Reply refusal;
        while ((status = ParseRequest(client.Stream, out request, out refusal)) == SocksParseStatus.NeedMore)
        {
            if (!await client.TryFillAsync())
            {
                return;
            }
        }

        if (status == SocksParseStatus.Malformed)
        {
            await client.RefuseAsync(refusal, ConnectionEndReason.ProtocolError, "The request is malformed.");
            return;
        }

        await _commands.RunAsync(client, request.Command, request.Target);
    }

    /// <summary>
    /// A proxy with users takes passwords and nothing else. One without takes no password, as Dante: whoever sends one is to learn that nobody checks it.
    /// </summary>
    private static async ValueTask<bool> NegotiateAsync(SocksClient client, bool hasUsers)
    {
        SocksParseStatus status;
        bool isOffered;
        while ((status = ParseGreeting(client.Stream, hasUsers ? Socks5Method.Password : Socks5Method.None, out isOffered)) == SocksParseStatus.NeedMore)
        {
            if (!await client.TryFillAsync())
            {
                return false;
            }
        }

        if (status == SocksParseStatus.Parsed && isOffered)
        {
            return await client.TrySendAsync(hasUsers ? PasswordPlease : NoAuthentication);
        }

        await (status == SocksParseStatus.Malformed
            ? client.RefuseAsync(NoAcceptableMethod, ConnectionEndReason.ProtocolError, "The greeting is malformed.")
            : hasUsers
            ? client.RefuseAsync(NoAcceptableMethod, ConnectionEndReason.AuthenticationFailed, "The client offers no user name and password.")
            : client.RefuseAsync(NoAcceptableMethod, ConnectionEndReason.ProtocolError, "The client insists on authentication, and there are no users."));
        return false;
    }

    private async ValueTask<bool> AuthenticateAsync(SocksClient client)
    {
        SocksParseStatus status;
        Range user, password;
        int length;
        var stream = client.Stream;
        while ((status = Socks5Credentials.TryParse(stream.Buffered.Span, out user, out password, out length)) == SocksParseStatus.NeedMore)
        {
            if (!await client.TryFillAsync())
            {
                return false;
            }
        }

        if (status == SocksParseStatus.Malformed)
        {
            await client.RefuseAsync(WrongPassword, ConnectionEndReason.ProtocolError, "The user name and password are malformed.");
            return false;
        }

        // Out of the buffer, which is filled on while the login waits, and goes back to a pool that others take theirs from.
        var message = stream.Buffered[..length].ToArray();
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(stream.Buffered[..length]).Span);
        stream.Consume(length);
        try
        {
            client.State.User = await LogInAsync(client, message.AsMemory()[user], message.AsMemory()[password]);
        }
        catch (OperationCanceledException)
        {
            client.State.TryEnd(_connections.Aborting.IsCancellationRequested ? ConnectionEndReason.Shutdown : ConnectionEndReason.ClientGone);
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(message);
        }

        if (client.State.User is not null)
        {
            return await client.TrySendAsync(Welcome);
        }

        await client.RefuseAsync(WrongPassword, ConnectionEndReason.AuthenticationFailed, null);
        return false;
    }

    /// <exception cref="OperationCanceledException">The client is gone, or all connections are to end.</exception>
    private async ValueTask<string?> LogInAsync(SocksClient client, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password)
    {
        await using var watch = new SocksClientWatch(client, _connections.Aborting);
        var login = _authenticator.AuthenticateAsync(client.Proxy, user, password, client.Address, watch.Token);
        if (!login.IsCompleted)
        {
            watch.Start(mayHaveSaidAll: true);
        }

        return await login;
    }

    private static SocksParseStatus ParseGreeting(TransportStream stream, Socks5Method wanted, out bool isOffered)
    {
        var status = Socks5Greeting.TryParse(stream.Buffered.Span, out var methods, out var length);
        isOffered = methods.Contains((byte)wanted);
        stream.Consume(length);
        return status;
    }

    private static SocksParseStatus ParseRequest(TransportStream stream, out Socks5Request request, out Socks5Reply refusal)
    {
        var status = Socks5Request.TryParse(stream.Buffered.Span, out request, out var length, out refusal);
        stream.Consume(length);
        return status;
    }
}
