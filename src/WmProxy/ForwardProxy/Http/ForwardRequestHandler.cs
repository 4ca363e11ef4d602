using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using WmProxy.Configuration;
using WmProxy.Connections;
using Yarp.ReverseProxy.Forwarder;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Serves one request of a client of HTTP: knows who asks, judges where to, forwards. Each step may answer instead. On a kept-alive connection all of it is
/// done anew for every request.
/// </summary>
internal sealed class ForwardRequestHandler
{
    // The longest that a timer takes.
    private const int MaxTimeoutMilliseconds = int.MaxValue;

    private readonly ForwardRequestAuthenticator _authenticator;
    private readonly IForwardDialer _dialer;
    private readonly IHttpForwarder _forwarder;
    private readonly ForwardRequestRecorder _recorder;
    private readonly ViaField _via = new();
    private readonly ForwardTransformer _transformer;
    private readonly TimeProvider _timeProvider;

    public ForwardRequestHandler(
        ForwardRequestAuthenticator authenticator, IForwardDialer dialer, IHttpForwarder forwarder, ForwardRequestRecorder recorder, TimeProvider timeProvider)
    {
        _authenticator = authenticator;
        _dialer = dialer;
        _forwarder = forwarder;
        _recorder = recorder;
        _transformer = new ForwardTransformer(_via);
        _timeProvider = timeProvider;
    }

    public async Task HandleAsync(HttpContext context)
    {
        var connection = context.Features.GetRequiredFeature<ForwardHttpConnection>();
        var requestLine = $"{context.Request.Method} {context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget} {context.Request.Protocol}";
        var exchange = new ForwardExchange(connection) { Head = RequestHead.Parse(connection.Head.Take(), requestLine) };
        context.Features.Set(exchange);

        // It was for the first head.
        connection.State.SetDeadline(0);

        // Each request is a line, so the connection is none.
        connection.State.AccessLog = false;
        var start = _timeProvider.GetTimestamp();
        try
        {
            if (await DecideAsync(context, exchange) is { } refusal)
            {
                await AnswerAsync(context, refusal);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            exchange.Error ??= "The client left.";
        }
        finally
        {
            _recorder.Ended(context, exchange, _timeProvider.GetElapsedTime(start));
        }
    }

    /// <summary>Serves the request, unless there is something else to say.</summary>
    private async ValueTask<HttpAnswer?> DecideAsync(HttpContext context, ForwardExchange exchange)
    {
        var request = context.Request;
        if (exchange.Head.Error is { } error)
        {
            return HttpAnswer.BadRequest(error);
        }

        if (HttpMethods.IsConnect(request.Method))
        {
            return new HttpAnswer(StatusCodes.Status501NotImplemented, "CONNECT comes first on a connection.");
        }

        exchange.Target = RequestTarget.Parse(request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, out var malformed);
        if (exchange.Target is null)
        {
            return malformed;
        }

        exchange.Connection.State.Target = exchange.Target.Destination.ToString();
        if (exchange.Proxy.Config.Users.Count > 0)
        {
            exchange.User = await _authenticator.AuthenticateAsync(context, exchange);
            if (exchange.User is null)
            {
                return HttpAnswer.AuthenticationRequired;
            }

            exchange.Connection.State.User = exchange.User;
        }

        if (_via.IsLoop(request.Headers.Via))
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
            await MaxForwards.AnswerAsync(context);
            return null;
        }

        exchange.ForwardsLeft = left;
        return await JudgeAsync(context, exchange);
    }

    private async ValueTask<HttpAnswer?> JudgeAsync(HttpContext context, ForwardExchange exchange)
    {
        var (connection, proxy) = (exchange.Connection, exchange.Proxy);
        var request = new ForwardRequest(ForwardCommand.Http, exchange.Target!.Destination, exchange.User, connection.Client);
        var verdict = await _dialer.JudgeAsync(proxy, request, context.RequestAborted);
        if (!verdict.IsAllowed)
        {
            exchange.Error = verdict.Error;
            return HttpAnswer.Of(verdict.Refusal);
        }

        exchange.Rule = verdict.Rule;
        exchange.Upstream = new UpstreamRequest(proxy, request, verdict.Rule);

        // Any of them: it may go by a connection that another request opened.
        using var live = proxy.TrackAny(request, verdict.Addresses, () => connection.State.Abort(ConnectionEndReason.AccessRevoked));
        return await ForwardAsync(context, exchange);
    }

    private async ValueTask<HttpAnswer?> ForwardAsync(HttpContext context, ForwardExchange exchange)
    {
        var (connection, proxy) = (exchange.Connection, exchange.Proxy);
        Meter(context, exchange);
        if (BelongsToConnection(context.Request.Headers.Authorization))
        {
            connection.PinClients();
        }

        using var client = connection.Clients.Rent(exchange.Upstream!);
        connection.HandOff.AbortReason = ConnectionEndReason.UpstreamReset;
        try
        {
            var config = new ForwarderRequestConfig
            {
                ActivityTimeout = TimeSpan.FromMilliseconds(Math.Min(_timeProvider.GetElapsedTime(0, proxy.IdleTicks).TotalMilliseconds, MaxTimeoutMilliseconds)),
                Version = HttpVersion.Version11,
                VersionPolicy = System.Net.Http.HttpVersionPolicy.RequestVersionExact,
            };
            var error = await _forwarder.SendAsync(context, exchange.Target!.Uri!.GetLeftPart(UriPartial.Authority), client.Invoker, config, _transformer);
            return error == ForwarderError.None ? exchange.Answer : Describe(context, exchange, error);
        }
        finally
        {
            connection.HandOff.AbortReason = ConnectionEndReason.ProtocolError;
        }
    }

    private static void Meter(HttpContext context, ForwardExchange exchange)
    {
        var bandwidth = exchange.Connection.GetBandwidth(exchange.Rule!.Bandwidth);
        if (bandwidth is null && !exchange.Connection.AccessLog)
        {
            return;
        }

        context.Request.Body = exchange.Request = new MeteredStream(context.Request.Body, bandwidth);
        context.Response.Body = exchange.Response = new MeteredStream(context.Response.Body, bandwidth);
        if (context.Features.Get<IHttpUpgradeFeature>() is { } upgrade)
        {
            context.Features.Set<IHttpUpgradeFeature>(new MeteredUpgradeFeature(upgrade, exchange, bandwidth));
        }
    }

    /// <summary>What the client is told about a request that could not be forwarded; <see langword="null"/> where that comes too late.</summary>
    private static HttpAnswer? Describe(HttpContext context, ForwardExchange exchange, ForwarderError error)
    {
        var exception = context.GetForwarderErrorFeature()?.Exception;
        exchange.Error = $"{error}: {exception?.GetBaseException().Message ?? "-"}";
        if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return null;
        }

        if (FindRefusal(exception) is { } refused)
        {
            return HttpAnswer.Of(refused.Refusal);
        }

        return error switch
        {
            ForwarderError.RequestTimedOut => HttpAnswer.Of(ForwardRefusal.Timeout),
            ForwarderError.RequestBodyClient => HttpAnswer.BadRequest("The content of the request is malformed."),
            _ => new HttpAnswer(StatusCodes.Status502BadGateway, "The destination gave no valid answer."),
        };
    }

    private static ForwardRefusedException? FindRefusal(Exception? exception)
    {
        return exception switch
        {
            null => null,
            ForwardRefusedException refused => refused,
            AggregateException { InnerExceptions: var inner } => inner.Select(FindRefusal).FirstOrDefault(found => found is not null),
            _ => FindRefusal(exception.InnerException),
        };
    }

    private static bool BelongsToConnection(IEnumerable<string?> authorization) => authorization.Any(value => value is not null
        && (value.StartsWith("Negotiate", StringComparison.OrdinalIgnoreCase) || value.StartsWith("NTLM", StringComparison.OrdinalIgnoreCase)));

    private static async Task AnswerAsync(HttpContext context, HttpAnswer answer)
    {
        var response = context.Response;
        response.Clear();
        response.StatusCode = answer.Status;
        response.ContentType = "text/plain; charset=utf-8";
        if (answer.Status == StatusCodes.Status407ProxyAuthenticationRequired)
        {
            response.Headers[HeaderNames.ProxyAuthenticate] = HttpAnswer.Challenge;
        }
        else if (answer.Status is StatusCodes.Status400BadRequest or StatusCodes.Status501NotImplemented)
        {
            // Where one request was malformed, who knows where the next one begins?
            response.Headers.Connection = "close";
        }

        var text = Encoding.ASCII.GetBytes(answer.Text + "\n");
        response.ContentLength = text.Length;
        await response.Body.WriteAsync(text, context.RequestAborted);
    }
}
