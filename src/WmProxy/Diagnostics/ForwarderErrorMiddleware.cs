using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace WmProxy.Diagnostics;

/// <summary>
/// One line for each proxied request that failed, with the route, the destination and the cause. YARP's own line has a stack trace of thirty
/// lines instead of these.
/// </summary>
internal sealed partial class ForwarderErrorMiddleware
{
    private readonly RequestDelegate _next;
    private readonly ILogger _logger;

    public ForwarderErrorMiddleware(RequestDelegate next, ILogger<ForwarderErrorMiddleware> logger)
    {
        _next = next;
        _logger = logger;
    }

    public async Task InvokeAsync(HttpContext context)
    {
        await _next(context);
        if (context.GetForwarderErrorFeature() is not { } error)
        {
            return;
        }

        // Clients come and go as they like; that is no news.
        var level = context.RequestAborted.IsCancellationRequested || IsClientsFault(error.Error) ? LogLevel.Debug : LogLevel.Warning;
        if (_logger.IsEnabled(level))
        {
            var proxy = context.GetReverseProxyFeature();
            Log.RequestFailed(
                _logger, level, context.Request.Method, context.Request.Path.ToUriComponent(), proxy.Route.Config.RouteId,
                proxy.Cluster.Config.ClusterId, proxy.ProxiedDestination?.DestinationId ?? "-", error.Error, error.Exception?.GetBaseException().Message ?? "-");
        }
    }

    private static bool IsClientsFault(ForwarderError error) => error is
        ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.RequestBodyClient or
        ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient or
        ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeRequestClient or
        ForwarderError.UpgradeResponseCanceled or ForwarderError.UpgradeResponseClient;

    private static partial class Log
    {
        [LoggerMessage(EventId = EventIds.RequestFailed, Message = "{method} {path} by route {route} to {cluster}/{destination}: {error}: {cause}", EventName = nameof(RequestFailed))]
        public static partial void RequestFailed(
            ILogger logger, LogLevel level, string method, string path, string route, string cluster, string destination, ForwarderError error, string cause);
    }
}
