using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Connections.Access;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy;

/// <summary>
/// Looks through what is being carried out when a reload changes a forward proxy, and ends what is no longer allowed: its user is gone or has another
/// password, a rule denies it, or the egress guard does. The rest goes on as it began.
/// </summary>
internal sealed partial class ForwardRevocation
{
    // As many as a client has running at a time: more would only fill its queue, and what does not fit in there is not resolved.
    private const int MaxLookupsPerClient = 4;

    private readonly ForwardJudge _judge;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;

    public ForwardRevocation(ForwardJudge judge, TimeProvider timeProvider, ILogger<ForwardRevocation> logger)
    {
        _judge = judge;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    /// <summary>Judges all live requests of <paramref name="current"/> again, which is in force already.</summary>
    public void Review(ForwardProxyModel current)
    {
        var unresolved = current.State.LiveRequests.All.Where(live => !TryReview(current, live)).ToLookup(ClientOf);
        foreach (var client in unresolved)
        {
            _ = ReviewAsync(current, client);
        }
    }

    /// <summary>Judges one request again.</summary>
    public void Review(ForwardProxyModel current, LiveRequest live)
    {
        if (!TryReview(current, live))
        {
            _ = ReviewAsync(current, [live]);
        }
    }

    /// <returns>Whether that could be told at once; if not, its name has to be resolved.</returns>
    private bool TryReview(ForwardProxyModel current, LiveRequest live)
    {
        if (!IsKnown(current, live))
        {
            Revoke(current, live, "its user is not known any more, or has another password");
        }
        else if (IsAssociation(live))
        {
            // Each of its datagrams is judged for itself.
        }
        else if (IsAllowed(current, live) is not { } isAllowed)
        {
            return false;
        }
        else if (!isAllowed)
        {
            Revoke(current, live, "its destination is not allowed any more");
        }

        return true;
    }

    private bool? IsAllowed(ForwardProxyModel current, LiveRequest live)
    {
        return live.Addresses.Count == 0
            ? _judge.IsAllowed(current, live.Request, null)
            : live.Addresses.All(address => _judge.IsAllowed(current, live.Request, address) == true);
    }

    private static ClientKey? ClientOf(LiveRequest live) => live.Request.Client is { } client ? ClientKey.Create(client) : null;

    private static bool IsAssociation(LiveRequest live) => live.Request.Target == default;

    private static bool IsKnown(ForwardProxyModel current, LiveRequest live)
    {
        var users = current.Config.Users;
        return users.Count == 0
            || (live.Request.User is { } name
                && users.TryGetValue(name, out var now)
                && live.Proxy.Config.Users.TryGetValue(name, out var before)
                && now == before);
    }

    // What a parent resolves is resolved here for the sake of a rule that names networks.
    private Task ReviewAsync(ForwardProxyModel current, IEnumerable<LiveRequest> ofOneClient) => Parallel.ForEachAsync(
        ofOneClient, new ParallelOptions { MaxDegreeOfParallelism = MaxLookupsPerClient }, (live, _) => ReviewAsync(current, live));

    private async ValueTask ReviewAsync(ForwardProxyModel current, LiveRequest live)
    {
        if (current.State.Current != current)
        {
            // The reload that came since looks through all of them itself.
            return;
        }

        try
        {
            using var patience = new CancellationTokenSource(current.ConnectTimeout, _timeProvider);
            var verdict = await _judge.JudgeAsync(current, live.Request, patience.Token);
            if (verdict.Refusal is ForwardRefusal.RuleDenied or ForwardRefusal.GuardDenied or ForwardRefusal.Loop)
            {
                Revoke(current, live, "its destination is not allowed any more");
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody can say where it leads; new requests are refused for that, and this one was allowed.
        }
        catch (Exception ex)
        {
            Log.ForwardRevocationFailed(_logger, current.ProxyId, ex);
        }
    }

    private void Revoke(ForwardProxyModel current, LiveRequest live, string reason)
    {
        try
        {
            live.Revoke();
            Log.ForwardAccessRevoked(_logger, current.ProxyId, IsAssociation(live) ? "an association" : live.Request.Target.ToString(), live.Request.User, reason);
        }
        catch (Exception ex)
        {
            // Whoever carries it out: one that throws must not spare the rest, nor fail the reload.
            Log.ForwardRevocationFailed(_logger, current.ProxyId, ex);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ForwardAccessRevoked, LogLevel.Information, "Forward proxy '{proxy}' ends {target} of {user}: {reason}", EventName = nameof(ForwardAccessRevoked))]
        public static partial void ForwardAccessRevoked(ILogger logger, string proxy, string target, string? user, string reason);

        [LoggerMessage(EventIds.ForwardRevocationFailed, LogLevel.Error, "Ending a request of forward proxy '{proxy}' failed unexpectedly.", EventName = nameof(ForwardRevocationFailed))]
        public static partial void ForwardRevocationFailed(ILogger logger, string proxy, Exception exception);
    }
}
