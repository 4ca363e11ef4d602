using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;

namespace WmProxy.ForwardProxy.Users;

/// <summary>Knows the users of forward proxies.</summary>
internal sealed partial class ForwardAuthenticator : IForwardAuthenticator
{
    /// <summary>How many logins wait for a hash at most, of all clients.</summary>
    public const int MaxWaiting = 256;

    /// <summary>How long a login may take. The client gives up not much later, and what waits longer only keeps others waiting.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    private readonly LoginThrottle _throttle;
    private readonly ForwardMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;

    private readonly SemaphoreSlim _hashing;
    private int _waiting;

    public ForwardAuthenticator(LoginThrottle throttle, ForwardMetrics metrics, TimeProvider timeProvider, ILogger<ForwardAuthenticator> logger)
        // Hashes are meant to take a processor's time: half of them at most.
        : this(throttle, metrics, timeProvider, logger, new SemaphoreSlim(Math.Max(1, Environment.ProcessorCount / 2)))
    {
    }

    /// <param name="throttle">Slows down whose logins fail.</param>
    /// <param name="metrics">Counts.</param>
    /// <param name="timeProvider">The time.</param>
    /// <param name="logger">Where refusals are told.</param>
    /// <param name="hashing">The turns to hash.</param>
    internal ForwardAuthenticator(LoginThrottle throttle, ForwardMetrics metrics, TimeProvider timeProvider, ILogger<ForwardAuthenticator> logger, SemaphoreSlim hashing)
    {
        _throttle = throttle;
        _metrics = metrics;
        _timeProvider = timeProvider;
        _logger = logger;
        _hashing = hashing;
    }

    public async ValueTask<string?> AuthenticateAsync(
        ForwardProxyModel proxy, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, IPAddress? client, CancellationToken cancellationToken)
    {
        if (proxy.Users is not { } users)
        {
            return null;
        }

        // What was right a moment ago, from the same client, is not slowed down by what others of that address get wrong.
        var login = CredentialDigest.OfLogin(client, user.Span, password.Span);
        if (users.Verified.Find(login) is { } known)
        {
            return known;
        }

        using var timeLimit = new CancellationTokenSource(TimeLimit, _timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeLimit.Token, cancellationToken);
        try
        {
            return await AuthenticateAsync(proxy, users, login, user, password, client, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Refuse(proxy, client, "throttled");
        }
    }

    private async ValueTask<string?> AuthenticateAsync(
        ForwardProxyModel proxy,
        UserTable users,
        UInt128 login,
        ReadOnlyMemory<byte> user,
        ReadOnlyMemory<byte> password,
        IPAddress? client,
        CancellationToken cancellationToken)
    {
        if (await _throttle.EnterAsync(client, cancellationToken) is not { } wait)
        {
            return Refuse(proxy, client, "throttled");
        }

        bool? isRight = null;
        try
        {
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, _timeProvider, cancellationToken);
            }

            var name = await VerifyAsync(users, login, user, password, cancellationToken);
            isRight = name is not null;
            if (name is null)
            {
                return Refuse(proxy, client, "failed");
            }

            _metrics.Authenticated(proxy.ProxyId, "succeeded");
            users.Verified.Add(login, name);
            return name;
        }
        finally
        {
            _throttle.Leave(client, CredentialDigest.OfName(user.Span), isRight);
        }
    }

    private async ValueTask<string?> VerifyAsync(
        UserTable users, UInt128 login, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, CancellationToken cancellationToken)
    {
        if (!users.HasHashes)
        {
            return users.Verify(user.Span, password.Span, out _);
        }

        await WaitForHashingAsync(cancellationToken);
        try
        {
            // A browser opens ten connections at a time: one hash will do. On a thread that no connection waits for.
            return users.Verified.Find(login) ?? await Task.Run(() => users.Verify(user.Span, password.Span, out _), CancellationToken.None);
        }
        finally
        {
            _hashing.Release();
        }
    }

    /// <exception cref="OperationCanceledException">Also where too many wait already: none of them would get its turn in time.</exception>
    private async ValueTask WaitForHashingAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > MaxWaiting)
            {
                throw new OperationCanceledException();
            }

            await _hashing.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private string? Refuse(ForwardProxyModel proxy, IPAddress? client, string result)
    {
        _metrics.Authenticated(proxy.ProxyId, result);
        Log.ForwardAuthenticationFailed(_logger, proxy.ProxyId, client, result);
        return null;
    }

    private static partial class Log
    {
        // Without the name, which may be a password in the wrong place.
        [LoggerMessage(EventIds.ForwardAuthenticationFailed, LogLevel.Debug, "Forward proxy '{proxy}' refuses a login of {client}: {result}", EventName = nameof(ForwardAuthenticationFailed))]
        public static partial void ForwardAuthenticationFailed(ILogger logger, string proxy, IPAddress? client, string result);
    }
}
