using System;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using WmProxy.Configuration;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Serves one request of a client of HTTP, other than <c>CONNECT</c>: knows who asks, judges where to, forwards. Each step may answer instead. On a kept-alive
/// connection all of it is done anew for every request.
/// </summary>
internal sealed class ForwardRequestHandler
{
    // What a client may still send of a request that is answered without it, before its connection ends instead.
    private const int MaxDiscarded = 16 * 1024 * 1024;

    // For the client to take its answer and send what is left of its request.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly ForwardRequestAuthenticator _authenticator;
    private readonly IForwardDialer _dialer;
    private readonly RequestForwarder _forwarder;
    private readonly ForwardRequestRecorder _recorder;
    private readonly ConnectionTable _connections;
    private readonly ViaField _via;
    private readonly TimeProvider _timeProvider;

    public ForwardRequestHandler(
        ForwardRequestAuthenticator authenticator, IForwardDialer dialer, RequestForwarder forwarder, ForwardRequestRecorder recorder, ConnectionTable connections,
        ViaField via, TimeProvider timeProvider)
    {
        _authenticator = authenticator;
        _dialer = dialer;
        _forwarder = forwarder;
        _recorder = recorder;
        _connections = connections;
        _via = via;
        _timeProvider = timeProvider;
    }

    /// <summary>Serves the request whose head <paramref name="connection"/> has.</summary>
    /// <returns>Whether another one may follow; else the connection is ended, or is to be.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> HandleAsync(ForwardHttpConnection connection, ForwardProxyModel proxy)
    {
        var exchange = new ForwardExchange(connection, proxy);
        connection.State.LimitIdle(exchange.Proxy.IdleTicks);

        // Each request is a line, so the connection is none.
        connection.State.AccessLog = false;
        var start = _timeProvider.GetTimestamp();
        try
        {
            var answer = await DecideAsync(exchange);
            if (answer is { } said)
            {
                await AnswerAsync(exchange, said);
            }
            else if (!exchange.KeepsAlive)
            {
                await connection.EndAsync(default, ConnectionEndReason.Completed, exchange.Sending);
            }
        }
        finally
        {
            exchange.BytesUp += exchange.Content?.Bytes ?? 0;
            _recorder.Ended(exchange, _timeProvider.GetElapsedTime(start));
        }

        return exchange.KeepsAlive;
    }

    /// <summary>Serves the request, unless there is something else to say.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HttpAnswer?> DecideAsync(ForwardExchange exchange)
    {
        var (connection, request) = (exchange.Connection, exchange.Request);
        exchange.Target = RequestTarget.Parse(request, connection.LastTarget, out var malformed);
        if (exchange.Target is null)
        {
            return malformed;
        }

        connection.LastTarget = exchange.Target;
        connection.State.Target = exchange.Target.Text;
        if (!Authority.IsHostValid(request, exchange.Target.Host))
        {
            return HttpAnswer.BadRequest("The Host field is not valid.");
        }

        if (exchange.Proxy.Config.Users.Count > 0)
        {
            var login = _authenticator.AuthenticateAsync(connection, exchange.Proxy, connection.Canceled);
            if (!login.IsCompleted && exchange.IsRequestRead && !ForwardHeadWriter.IsUpgrade(exchange.Request))
            {
                // It may have to wait, though not for a client that is gone. Where another protocol may follow, nobody may be in the middle of a read then.
                connection.Watch();
            }

            exchange.User = await login;
            if (exchange.User is null)
            {
                return HttpAnswer.AuthenticationRequired;
            }

            connection.State.User = exchange.User;
        }

        connection.Challenges = 0;
        if (_via.IsLoop(request))
        {
            exchange.Error = "The request has been here before: its Via field says so.";
            return HttpAnswer.Of(ForwardRefusal.Loop);
        }

        if (!MaxForwards.TryRead(request, out var left))
        {
            return HttpAnswer.BadRequest("Max-Forwards is a number.");
        }

        if (left == 0)
        {
            await AnswerAsync(exchange, StatusCodes.Status200OK, keepAlive => MaxForwards.Answer(request, keepAlive, _timeProvider.GetUtcNow()), ConnectionEndReason.Completed);
            return null;
        }

        exchange.ForwardsLeft = left;
        var asked = new ForwardRequest(ForwardCommand.Http, exchange.Target.Destination, exchange.User, connection.Client);
        var verdict = await _dialer.JudgeAsync(exchange.Proxy, asked, connection.Canceled);
        if (!verdict.IsAllowed)
        {
            exchange.Error = verdict.Error;
            return HttpAnswer.Of(verdict.Refusal);
        }

        exchange.Rule = verdict.Rule;
        return await _forwarder.ForwardAsync(exchange, asked, verdict);
    }

    private static bool IsWorthReading(ForwardExchange exchange) =>
        exchange.Sending is null && !exchange.Request.ExpectsContinue && exchange.Request.Framing.Length <= MaxDiscarded;

    private ValueTask AnswerAsync(ForwardExchange exchange, HttpAnswer answer)
    {
        var connection = exchange.Connection;
        var isChallenge = answer.Status == StatusCodes.Status407ProxyAuthenticationRequired;
        if (isChallenge && ++connection.Challenges >= ForwardHttpHandler.MaxChallenges)
        {
            exchange.KeepsAlive = false;
        }

        if (answer.IsFinal)
        {
            exchange.KeepsAlive = false;
            exchange.Error ??= answer.Text;
            connection.State.Error = exchange.Error;
        }

        return AnswerAsync(
            exchange,
            answer.Status,
            keepAlive => answer.ToBytes(keepAlive, _timeProvider.GetUtcNow(), exchange.Request.Method == "HEAD"),
            isChallenge ? ConnectionEndReason.AuthenticationFailed : answer.IsFinal ? ConnectionEndReason.ProtocolError : ConnectionEndReason.Completed);
    }

    /// <param name="exchange">The exchange; its client has been told nothing yet.</param>
    /// <param name="status">The status code.</param>
    /// <param name="write">The whole message, by whether another request may follow.</param>
    /// <param name="reason">What is recorded, where none may.</param>
    private async ValueTask AnswerAsync(ForwardExchange exchange, int status, Func<bool, ReadOnlyMemory<byte>> write, ConnectionEndReason reason)
    {
        var connection = exchange.Connection;
        exchange.Status = status;

        // Content that is on its way to a destination goes nowhere any more, and what a client holds back may never come.
        exchange.KeepsAlive &= !connection.State.IsDraining && exchange.Sending is null or { IsCompleted: true } && (exchange.IsRequestRead || IsWorthReading(exchange));
        if (!exchange.KeepsAlive)
        {
            await connection.EndAsync(write(false), reason, exchange.Sending);
            return;
        }

        connection.State.SetDeadline(_timeProvider.GetTimestamp() + _connections.ToTicks(AnswerTimeout));
        var message = write(true);
        await connection.Stream.WriteAsync(message);
        connection.AddBytes(Relay.RelayDirection.Down, message.Length);
        if (exchange.IsRequestRead)
        {
            return;
        }

        exchange.Content ??= new BodyRelay(connection, Relay.RelayDirection.Up, connection.Stream, exchange.Request.Framing, asChunks: false, limiter: null);
        if (!await exchange.Content.DiscardAsync(connection.Up, MaxDiscarded))
        {
            exchange.KeepsAlive = false;
            await connection.EndAsync(default, reason, sending: null);
        }
    }
}
