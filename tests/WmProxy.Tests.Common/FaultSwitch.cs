using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>A mode that can be changed and awaited.</summary>
internal sealed class FaultSwitch
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FaultMode _mode;

    public FaultMode Mode => Read().Mode;

    /// <summary>The mode, and a task that completes when it is set anew.</summary>
    public (FaultMode Mode, Task Changed) Read()
    {
        lock (_lock)
        {
            return (_mode, _changed.Task);
        }
    }

    public void Set(FaultMode mode)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _mode = mode;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}
