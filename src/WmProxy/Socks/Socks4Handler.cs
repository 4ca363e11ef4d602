using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy;

namespace WmProxy.Socks;

/// <summary>Serves SOCKS 4 and 4a. They know no password, so that where the proxy has users nobody can be one of them.</summary>
internal sealed class Socks4Handler : IForwardProtocolHandler
{
    private readonly SocksCommands _commands;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<Socks4Handler> _logger;

    public Socks4Handler(SocksCommands commands, TimeProvider timeProvider, ILogger<Socks4Handler> logger)
    {
        _commands = commands;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    public ForwardProtocol Protocol => ForwardProtocol.Socks4;

    public async Task RunAsync(TransportConnectionContext connection, ForwardProxyModel proxy)
    {
        var client = new SocksClient(connection, proxy, SocksVersion.V4, _timeProvider, _logger);
        SocksParseStatus status;
        Socks4Request request;
        while ((status = ParseRequest(client.Stream, out request)) == SocksParseStatus.NeedMore)
        {
            if (!await client.TryFillAsync())
            {
                return;
            }
        }

        if (status == SocksParseStatus.Malformed)
        {
            await client.RefuseAsync(Socks5Reply.GeneralFailure, ConnectionEndReason.ProtocolError, "The request is malformed.");
        }
        else if (proxy.Config.Users.Count > 0)
        {
            var reply = new byte[Socks4Response.Length];
            Socks4Response.Write(reply, Socks4Reply.UserUnknown, null);
            await client.RefuseAsync(reply, ConnectionEndReason.AuthenticationFailed, "SOCKS 4 has no passwords.");
        }
        else
        {
            // It has no third command.
            var command = request.Command == SocksCommand.UdpAssociate ? default : request.Command;
            await _commands.RunAsync(client, command, request.Target);
        }
    }

    private static SocksParseStatus ParseRequest(TransportStream stream, out Socks4Request request)
    {
        var status = Socks4Request.TryParse(stream.Buffered.Span, out request, out var length);
        stream.Consume(length);
        return status;
    }
}
