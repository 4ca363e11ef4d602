using System;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Http1;
using WmProxy.Relay;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Forwards a request that is allowed: finds or opens a connection to its destination, and another one where the first turns out to be over.</summary>
internal sealed class RequestForwarder
{
    private readonly UpstreamPool _pool;
    private readonly UpstreamDialer _dialer;
    private readonly ExchangeRelay _relay;

    public RequestForwarder(UpstreamPool pool, UpstreamDialer dialer, ExchangeRelay relay)
    {
        _pool = pool;
        _dialer = dialer;
        _relay = relay;
    }

    /// <returns>What the client is to be told instead of a response; <see langword="null"/> where it has had one, or is gone.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<HttpAnswer?> ForwardAsync(ForwardExchange exchange, ForwardRequest asked, ForwardVerdict verdict)
    {
        var (connection, request) = (exchange.Connection, exchange.Request);
        var key = new UpstreamKey(exchange.Proxy.State, verdict.Rule!, asked.Target, connection.State.Accepted?.Home);
        var bandwidth = connection.GetBandwidth(verdict.Rule!.Bandwidth);
        if (request.Framing.HasContent)
        {
            exchange.Content = new BodyRelay(
                connection, RelayDirection.Up, connection.Stream, request.Framing, request.Framing.Kind == BodyKind.Chunked, bandwidth?.Upload);
        }

        if (AuthenticatesConnection(request))
        {
            connection.Upstreams.Pin();
        }

        // RFC 9110 section 9.2.2: what may not be sent twice goes on a connection of its own, since the destination may just be closing one that was used before.
        var isRepeatable = request.IsIdempotent && !request.Framing.HasContent;
        var upstream = connection.Upstreams.TakePinned(key, verdict.Addresses) ?? (isRepeatable ? _pool.TryTake(key, verdict.Addresses) : null);
        while (true)
        {
            if (upstream is null)
            {
                (upstream, var refused) = await _dialer.DialAsync(exchange.Proxy, asked, verdict, key, connection.State.Accepted, connection.Canceled);
                if (upstream is null)
                {
                    exchange.Error = refused.Error;
                    return HttpAnswer.Of(refused.Refusal);
                }
            }

            var result = await RunAsync(exchange, asked, upstream);
            if (result.Kind == ExchangeResultKind.Stale && upstream.IsReused && isRepeatable && connection.State.EndReason == ConnectionEndReason.None)
            {
                upstream = null;
                continue;
            }

            return Conclude(exchange, result);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeResult> RunAsync(ForwardExchange exchange, ForwardRequest asked, UpstreamConnection upstream)
    {
        var (connection, state) = (exchange.Connection, exchange.Connection.State);
        var result = ExchangeResult.ClientGone;
        try
        {
            // Before anything is sent: what goes on can be revoked.
            using var live = exchange.Proxy.Track(asked, upstream.Address, () => state.Abort(ConnectionEndReason.AccessRevoked));
            connection.Upstreams.Set(upstream);
            if (upstream.Lease is { } lease)
            {
                (state.ClusterId, state.DestinationId) = (upstream.Key.Rule.ClusterId, lease.Destination.DestinationId);
            }

            result = await _relay.RunAsync(exchange, upstream);
            return result;
        }
        finally
        {
            connection.Upstreams.Set(null);
            if (result.Kind != ExchangeResultKind.Completed)
            {
                if (result.Kind != ExchangeResultKind.CompletedLast || exchange.Sending is { IsCompleted: false })
                {
                    // Half a request must not look like a whole one.
                    upstream.Stream.Abort();
                }

                upstream.Dispose();
            }
            else if (!connection.Upstreams.TryKeep(upstream))
            {
                _pool.Return(upstream);
            }
        }
    }

    private static HttpAnswer? Conclude(ForwardExchange exchange, ExchangeResult result)
    {
        var state = exchange.Connection.State;
        exchange.Error ??= result.Error;
        if (state.EndReason != ConnectionEndReason.None)
        {
            // Ended from outside, or by the client; or it was another protocol, which is over.
            exchange.KeepsAlive = false;
            return null;
        }

        switch (result.Kind)
        {
            case ExchangeResultKind.Cut:
                exchange.KeepsAlive = false;
                state.Abort(ConnectionEndReason.UpstreamReset);
                return null;
            case ExchangeResultKind.ClientGone:
                exchange.KeepsAlive = false;
                state.Abort(ConnectionEndReason.ClientReset);
                return null;
            case ExchangeResultKind.Answered or ExchangeResultKind.Stale:
                return AnswerOf(exchange, result);
            default:
                return null;
        }
    }

    private static HttpAnswer? AnswerOf(ForwardExchange exchange, ExchangeResult result)
    {
        if (exchange.Sending is not { IsCompletedSuccessfully: true, Result: var end })
        {
            return result.Answer;
        }

        switch (end)
        {
            case BodyEnd.Malformed:
                exchange.Error = "The content of the request is malformed.";
                return HttpAnswer.BadRequest(exchange.Error);
            case BodyEnd.SourceFailed:
                exchange.Error = "The client left in the middle of its request.";
                exchange.KeepsAlive = false;
                exchange.Connection.State.Abort(ConnectionEndReason.ClientReset);
                return null;
            default:
                return result.Answer;
        }
    }

    private static bool AuthenticatesConnection(RequestHead request)
    {
        for (var i = request.IndexOf(FieldKind.Authorization); i >= 0; i = request.IndexOf(FieldKind.Authorization, i + 1))
        {
            if (HasScheme(request.ValueOf(i), "Negotiate"u8) || HasScheme(request.ValueOf(i), "NTLM"u8))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasScheme(ReadOnlySpan<byte> credentials, ReadOnlySpan<byte> scheme) =>
        credentials.Length >= scheme.Length && FieldNames.Is(credentials[..scheme.Length], scheme);
}
