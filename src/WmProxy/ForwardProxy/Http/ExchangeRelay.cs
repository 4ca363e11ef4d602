using System;
using System.IO;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using WmProxy.Http1;
using WmProxy.Relay;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Sends a request on an upstream connection and passes on what comes back: interim responses, the response, content both ways at the same time, what follows
/// a change of protocol.
/// </summary>
internal sealed class ExchangeRelay
{
    private const int MaxHead = 64 * 1024;

    private readonly ForwardHeadWriter _heads;
    private readonly IRelayEngine _engine;
    private readonly TimeProvider _timeProvider;

    public ExchangeRelay(ForwardHeadWriter heads, IRelayEngine engine, TimeProvider timeProvider)
    {
        _heads = heads;
        _engine = engine;
        _timeProvider = timeProvider;
    }

    /// <summary>Runs one exchange. Whoever calls it closes the upstream connection, or keeps it.</summary>
    /// <param name="exchange">The exchange; the client has been told nothing yet.</param>
    /// <param name="upstream">A connection on which nothing is under way.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ExchangeResult> RunAsync(ForwardExchange exchange, UpstreamConnection upstream)
    {
        var connection = exchange.Connection;
        var isUpgrade = ForwardHeadWriter.IsUpgrade(exchange.Request);
        if (!await TrySendAsync(exchange, upstream, isUpgrade))
        {
            return ExchangeResult.Stale;
        }

        connection.AwaitResponse();
        if (exchange.Sending is null && !isUpgrade)
        {
            connection.Watch();
        }

        var result = await ReceiveHeadAsync(exchange, upstream);
        if (!connection.ResponseCame())
        {
            return ExchangeResult.Answered(HttpAnswer.Of(ForwardRefusal.Timeout));
        }

        if (result.Kind != ExchangeResultKind.Responded)
        {
            return result;
        }

        var status = connection.Response.StatusCode;
        if (status == StatusCodes.Status101SwitchingProtocols)
        {
            return isUpgrade ? await SwitchAsync(exchange, upstream) : ExchangeResult.Bad("The destination changes to a protocol that nobody asked for.");
        }

        return status == StatusCodes.Status407ProxyAuthenticationRequired
            ? ExchangeResult.Answered(new HttpAnswer(StatusCodes.Status502BadGateway, "The destination asked for the credentials of a proxy."))
            : await RespondAsync(exchange, upstream);
    }

    private async ValueTask<bool> TrySendAsync(ForwardExchange exchange, UpstreamConnection upstream, bool isUpgrade)
    {
        var connection = exchange.Connection;
        var output = connection.Up;
        _heads.WriteRequest(output, exchange, isUpgrade);

        // What a client that waits for 100 (Continue) has sent nevertheless can be passed on.
        exchange.Content?.Take(output);
        try
        {
            await upstream.Stream.WriteAsync(output.Written);
            connection.AddBytes(RelayDirection.Up, output.Length);
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            output.Release();
        }

        if (!exchange.IsRequestRead)
        {
            exchange.Sending = SendContentAsync(exchange, upstream);
        }

        return true;
    }

    private static async Task<BodyEnd> SendContentAsync(ForwardExchange exchange, UpstreamConnection upstream)
    {
        var end = await exchange.Content!.RunAsync(upstream.Stream, exchange.Connection.Up);
        if (end is BodyEnd.SourceFailed or BodyEnd.Malformed)
        {
            // Half a request must not look like a whole one.
            upstream.Stream.Abort();
        }
        else if (end == BodyEnd.Complete)
        {
            exchange.Connection.Watch();
        }

        return end;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeResult> ReceiveHeadAsync(ForwardExchange exchange, UpstreamConnection upstream)
    {
        var (connection, response) = (exchange.Connection, exchange.Connection.Response);
        for (var isFirst = true; ; isFirst = false)
        {
            var read = await HeadReader.ReadAsync(upstream.Stream, MaxHead, allowsBareLf: true);
            if (!read.IsComplete)
            {
                return read.IsNothing && isFirst ? ExchangeResult.Stale
                    : ExchangeResult.Bad(read.IsTooLong ? "The head of the response is too long." : "The response broke off in its head.");
            }

            var error = response.Parse(upstream.Stream.Buffered.Span[..read.Length], exchange.Request.Method == "HEAD");
            upstream.Stream.Consume(read.Length);
            if (error != HeadError.None)
            {
                return ExchangeResult.Bad($"The head of the response is malformed: {error}.");
            }

            if (!response.IsInterim)
            {
                return ExchangeResult.Responded;
            }

            exchange.HasContinued |= response.StatusCode == StatusCodes.Status100Continue;
            if (exchange.Request.IsHttp11 && !await TryTellInterimAsync(exchange))
            {
                return ExchangeResult.ClientGone;
            }
        }
    }

    private async ValueTask<bool> TryTellInterimAsync(ForwardExchange exchange)
    {
        var output = exchange.Connection.Down;
        _heads.WriteResponse(output, exchange, asChunks: false);
        return await TryWriteAsync(exchange, output);
    }

    private async ValueTask<ExchangeResult> RespondAsync(ForwardExchange exchange, UpstreamConnection upstream)
    {
        var (connection, response) = (exchange.Connection, exchange.Connection.Response);
        if (exchange.Sending is { IsCompletedSuccessfully: true, Result: not BodyEnd.Complete }
            || (exchange is { IsRequestRead: false, HasContinued: false, Request.ExpectsContinue: true } && exchange.Content!.Bytes == 0)
            || connection.State.IsDraining)
        {
            // Nobody knows any more whether content follows; or it is to be the last one.
            exchange.KeepsAlive = false;
        }

        exchange.Status = response.StatusCode;
        var framing = response.Framing;
        var asChunks = exchange.Request.IsHttp11 && framing.Kind is BodyKind.Chunked or BodyKind.UntilEnd;
        var content = new BodyRelay(connection, RelayDirection.Down, upstream.Stream, framing, asChunks, connection.GetBandwidth(exchange.Rule!.Bandwidth)?.Download);
        var output = connection.Down;
        _heads.WriteResponse(output, exchange, asChunks);
        var keepsUpstream = response.KeepsAlive;

        // The head does not wait for content that may take its time.
        content.Take(output);
        if (!await TryWriteAsync(exchange, output))
        {
            return ExchangeResult.ClientGone;
        }

        var end = content.IsComplete ? BodyEnd.Complete : await content.RunAsync(connection.Stream, output);
        exchange.BytesDown = content.Bytes;
        if (end != BodyEnd.Complete)
        {
            return end == BodyEnd.SinkFailed ? ExchangeResult.ClientGone : ExchangeResult.Cut(end == BodyEnd.Malformed ? "The content is malformed." : "The content broke off.");
        }

        return await FinishSendingAsync(exchange, keepsUpstream) && keepsUpstream && upstream.Stream.Buffered.IsEmpty
            ? ExchangeResult.Completed
            : ExchangeResult.CompletedLast;
    }

    /// <summary>The response is over before the request was, perhaps: its content goes on as long as the destination may want it.</summary>
    private static async ValueTask<bool> FinishSendingAsync(ForwardExchange exchange, bool keepsUpstream)
    {
        if (exchange.Sending is not { } sending)
        {
            return true;
        }

        if (!sending.IsCompleted && (!exchange.KeepsAlive || !keepsUpstream))
        {
            exchange.KeepsAlive = false;
            return false;
        }

        var isSent = await sending == BodyEnd.Complete;
        exchange.KeepsAlive &= isSent;
        return isSent;
    }

    // What comes now is none of this proxy's business.
    private async ValueTask<ExchangeResult> SwitchAsync(ForwardExchange exchange, UpstreamConnection upstream)
    {
        var connection = exchange.Connection;
        exchange.Status = StatusCodes.Status101SwitchingProtocols;
        exchange.KeepsAlive = false;
        var output = connection.Down;
        _heads.WriteResponse(output, exchange, asChunks: false);
        if (!await TryWriteAsync(exchange, output))
        {
            return ExchangeResult.ClientGone;
        }

        // For the access log; nothing else of the heads is needed as long as the other protocol lasts.
        exchange.TargetText = exchange.Target!.Describe(exchange.Request);
        connection.Request.Release();
        connection.Response.Release();
        var session = new RelaySession(connection.Stream, upstream.Stream, connection.GetBandwidth(exchange.Rule!.Bandwidth));
        connection.State.StartRelay(session, exchange.Proxy.IdleTicks, exchange.Proxy.HalfCloseTicks, _timeProvider.GetTimestamp());
        connection.State.TryEnd(await _engine.RelayAsync(session));
        (exchange.BytesUp, exchange.BytesDown) = (session.BytesUp, session.BytesDown);
        return ExchangeResult.Switched;
    }

    private static async ValueTask<bool> TryWriteAsync(ForwardExchange exchange, OutputBuffer output)
    {
        try
        {
            await exchange.Connection.Stream.WriteAsync(output.Written);
            exchange.Connection.AddBytes(RelayDirection.Down, output.Length);
            return true;
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            output.Release();
        }
    }
}
