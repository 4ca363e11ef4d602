using System;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.Relay;

namespace WmProxy.FunctionalTests.ForwardProxy;

/// <summary>
/// Stands for every protocol: a request is one line, <c>ANYTHING [user:password@]host:port\n</c>, with the protocol's first byte in front where it has one. The
/// answer is the protocol's name, or <c>no</c> and why.
/// </summary>
internal sealed class LineProtocolHandler : IForwardProtocolHandler
{
    private readonly IForwardAuthenticator _authenticator;
    private readonly IForwardDialer _dialer;
    private readonly IRelayEngine _engine;
    private readonly TimeProvider _timeProvider;

    public LineProtocolHandler(ForwardProtocol protocol, IForwardAuthenticator authenticator, IForwardDialer dialer, IRelayEngine engine, TimeProvider timeProvider)
    {
        Protocol = protocol;
        _authenticator = authenticator;
        _dialer = dialer;
        _engine = engine;
        _timeProvider = timeProvider;
    }

    public ForwardProtocol Protocol { get; }

    public async Task RunAsync(TransportConnectionContext connection, ForwardProxyModel proxy)
    {
        var state = connection.State;
        var stream = connection.Stream;
        int end;
        while ((end = stream.Buffered.Span.IndexOf((byte)'\n')) < 0)
        {
            if (await stream.FillBufferAsync(ForwardDefaults.MaxDetectBytes, CancellationToken.None) == 0)
            {
                state.TryEnd(ConnectionEndReason.ClientGone);
                return;
            }
        }

        var line = Encoding.Latin1.GetString(stream.Buffered.Span[..end]);
        stream.Consume(end + 1);
        var words = line.Split(' ')[1].Split('@');
        var client = (state.ClientEndPoint as IPEndPoint)?.Address;
        if (proxy.Users is not null)
        {
            var login = words[0].Split(':');
            state.User = words.Length < 2 ? null : await _authenticator.AuthenticateAsync(
                proxy, Encoding.UTF8.GetBytes(login[0]), Encoding.UTF8.GetBytes(login[1]), client, CancellationToken.None);
            if (state.User is null)
            {
                await RefuseAsync("login", ConnectionEndReason.AuthenticationFailed);
                return;
            }
        }

        state.SetDeadline(0);
        state.Target = words[^1];
        var host = words[^1][..words[^1].LastIndexOf(':')];
        var target = new ForwardTarget(host, IPAddress.TryParse(host, out var address) ? address : null, int.Parse(words[^1][(host.Length + 1)..]));
        var request = new ForwardRequest(ForwardCommand.Connect, target, state.User, client);
        var dialled = await _dialer.DialAsync(proxy, request, state.Accepted, CancellationToken.None);
        if (!dialled.IsConnected)
        {
            state.Error = dialled.Error;
            await RefuseAsync(dialled.Refusal.ToString(), dialled.Failure);
            return;
        }

        await using var upstream = dialled.Stream;
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{Protocol}\n"));
        using var live = proxy.Track(request, dialled.Address, () => state.Abort(ConnectionEndReason.AccessRevoked));
        var session = new RelaySession(stream, upstream, dialled.Rule.Bandwidth?.Rent(client));
        state.StartRelay(session, proxy.IdleTicks, proxy.HalfCloseTicks, _timeProvider.GetTimestamp());
        state.TryEnd(await _engine.RelayAsync(session));

        ValueTask RefuseAsync(string why, ConnectionEndReason reason) =>
            FinalReply.SendAsync(connection, Encoding.ASCII.GetBytes($"no {why}\n"), reason, _timeProvider);
    }
}
