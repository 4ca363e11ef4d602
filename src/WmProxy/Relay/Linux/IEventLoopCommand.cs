namespace WmProxy.Relay.Linux;

/// <summary>Something for an event loop's thread to do, sent from another thread.</summary>
internal interface IEventLoopCommand
{
    /// <summary>Runs on the loop's thread. Does not throw.</summary>
    void Run(EventLoop loop);
}
