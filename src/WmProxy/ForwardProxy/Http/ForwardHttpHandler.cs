using System;
using System.IO;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy.Connect;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Speaks HTTP/1.1 with a client: reads one request after the other and has each served, until one is <c>CONNECT</c>, changes the protocol, or is the last.
/// </summary>
internal sealed class ForwardHttpHandler
{
    /// <summary>How many times in a row a client is asked for credentials. Whoever has not found the right ones by then may connect again.</summary>
    public const int MaxChallenges = 8;

    // Long URLs and many cookies are the rule for what goes through a proxy.
    private const int MaxHead = 32 * 1024;

    private static readonly TimeSpan HeadTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(2);

    private readonly ConnectHandler _connect;
    private readonly ForwardRequestHandler _requests;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;
    private readonly long _headTicks;
    private readonly long _waitTicks;

    public ForwardHttpHandler(ConnectHandler connect, ForwardRequestHandler requests, ConnectionTable connections, TimeProvider timeProvider)
    {
        _connect = connect;
        _requests = requests;
        _connections = connections;
        _timeProvider = timeProvider;
        _headTicks = connections.ToTicks(HeadTimeout);
        _waitTicks = connections.ToTicks(WaitTimeout);
    }

    public async Task RunAsync(TransportConnectionContext context, ForwardProxyModel proxy)
    {
        var state = context.State;
        using var connection = new ForwardHttpConnection(context, proxy, _timeProvider);
        try
        {
            // Only the first head has what is left of DetectTimeout.
            var deadline = state.Deadline;
            state.StartRelay(connection, proxy.IdleTicks, proxy.HalfCloseTicks, _timeProvider.GetTimestamp());
            state.SetDeadline(deadline);
            while (await ServeNextAsync(connection))
            {
                connection.Request.Release();
                connection.Response.Release();
                state.SetDeadline(0);

                // Nobody waits long for somebody unknown.
                var wait = connection.Challenges > 0 ? proxy.DetectTicks : _waitTicks;
                if (!await connection.WaitForRequestAsync(Math.Min(wait, proxy.IdleTicks)))
                {
                    await connection.EndAsync(default, ConnectionEndReason.Completed, sending: null);
                    break;
                }

                state.SetDeadline(_timeProvider.GetTimestamp() + _headTicks);
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            state.TryEnd(ConnectionEndReason.ClientReset);
        }
        catch (OperationCanceledException) when (connection.Canceled.IsCancellationRequested || _connections.Aborting.IsCancellationRequested)
        {
            // Whoever ended it has said why; the rest is the process's end.
            state.TryEnd(ConnectionEndReason.Shutdown);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ServeNextAsync(ForwardHttpConnection connection)
    {
        HeadReadResult read;
        do
        {
            connection.SkipEmptyLines();
            read = await HeadReader.ReadAsync(connection.Stream, MaxHead, allowsBareLf: false);
        }
        while (read is { IsComplete: true, Length: 2 });

        if (!read.IsComplete)
        {
            await FailAsync(connection, read);
            return false;
        }

        var error = connection.Request.Parse(connection.Stream.Buffered.Span[..read.Length]);
        connection.Stream.Consume(read.Length);
        if (error != HeadError.None)
        {
            await RefuseAsync(connection, HttpAnswer.Of(error));
            return false;
        }

        // From here on logins, lookups and dials have their own time limits, and the relay its.
        connection.State.SetDeadline(0);

        // A reload counts for the next request of a connection that began before it.
        var proxy = connection.Proxy.State.Current ?? connection.Proxy;
        var isConnect = connection.Request.Method == "CONNECT";
        if (!proxy.Protocols.Contains(isConnect ? ForwardProtocol.Connect : ForwardProtocol.Http))
        {
            await RefuseAsync(connection, isConnect ? HttpAnswer.NoConnect : HttpAnswer.OnlyConnect);
            return false;
        }

        return isConnect ? await _connect.HandleAsync(connection, proxy) : await _requests.HandleAsync(connection, proxy);
    }

    private async ValueTask FailAsync(ForwardHttpConnection connection, HeadReadResult read)
    {
        if (read.IsGone)
        {
            // An end between two requests is an end.
            connection.State.TryEnd(
                connection.Challenges > 0 ? ConnectionEndReason.AuthenticationFailed
                : read.IsNothing && connection.LastTarget is not null ? ConnectionEndReason.Completed
                : ConnectionEndReason.ClientGone);
            return;
        }

        await RefuseAsync(connection, read.IsTooLong ? HttpAnswer.HeadTooLong : HttpAnswer.BadRequest("Lines end with CR LF."));
    }

    private async ValueTask RefuseAsync(ForwardHttpConnection connection, HttpAnswer answer)
    {
        connection.State.Error = answer.Text;
        await FinalReply.SendAsync(connection.Context, answer.ToBytes(keepAlive: false, _timeProvider.GetUtcNow()), ConnectionEndReason.ProtocolError, _timeProvider);
    }
}
