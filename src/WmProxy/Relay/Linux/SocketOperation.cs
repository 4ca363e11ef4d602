using System;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks.Sources;

namespace WmProxy.Relay.Linux;

/// <summary>A read, a write or a connect that waits for its socket. One for each direction of a socket at most, and used again.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SocketOperation : IValueTaskSource<int>, IValueTaskSource
{
    private readonly EventLoop _loop;
    private ManualResetValueTaskSourceCore<int> _core;
    private Cancellation? _cancellation;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;

    public SocketOperation(EventLoop loop) => _loop = loop;

    /// <summary>Whether it waits: <see cref="Complete"/> or <see cref="Fail"/> has to come.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Where a read puts its bytes; empty to wait for readiness only.</summary>
    public Memory<byte> Target { get; private set; }

    /// <summary>What a write has still to send.</summary>
    public ReadOnlyMemory<byte> Source { get; set; }

    /// <summary>Begins to wait, on the loop's thread.</summary>
    public short Start(Memory<byte> target, ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        _core.Reset();
        (IsPending, Target, Source, _token) = (true, target, source, cancellationToken);
        var version = _core.Version;
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation ??= new Cancellation(this);
            _cancellation.Version = version;
            _registration = cancellationToken.UnsafeRegister(static state => ((Cancellation)state!).Send(), _cancellation);
        }

        return version;
    }

    public void Complete(int result)
    {
        Stop();
        _core.SetResult(result);
    }

    public void Fail(Exception exception)
    {
        Stop();
        _core.SetException(exception);
    }

    int IValueTaskSource<int>.GetResult(short token) => _core.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Stop()
    {
        IsPending = false;
        (Target, Source) = (default, default);
        if (_token.CanBeCanceled && !_registration.Unregister())
        {
            // Without waiting: a cancellation that is on its way finds another version, or nothing pending. It has this one to itself.
            _cancellation = null;
        }

        (_registration, _token) = (default, default);
    }

    private sealed class Cancellation : IEventLoopCommand
    {
        private readonly SocketOperation _operation;

        public Cancellation(SocketOperation operation) => _operation = operation;

        /// <summary>The wait that is to be cancelled.</summary>
        public short Version { get; set; }

        public void Send() => _operation._loop.Post(this);

        public void Run(EventLoop loop)
        {
            if (_operation.IsPending && _operation._core.Version == Version)
            {
                _operation.Fail(new OperationCanceledException(_operation._token));
            }
        }
    }
}
