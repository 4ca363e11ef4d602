using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>What runs for an association, so that its end can wait for all of it.</summary>
internal sealed class AssociationTasks
{
    private readonly Lock _lock = new();
    private readonly List<Task> _tasks = [];

    public void Add(Task task)
    {
        lock (_lock)
        {
            _tasks.RemoveAll(static task => task.IsCompletedSuccessfully);
            _tasks.Add(task);
        }
    }

    /// <summary>Waits for all tasks, and for those that they start.</summary>
    public async Task WhenAllAsync()
    {
        while (Take() is { Length: > 0 } tasks)
        {
            await Task.WhenAll(tasks);
        }
    }

    private Task[] Take()
    {
        lock (_lock)
        {
            Task[] tasks = [.. _tasks];
            _tasks.Clear();
            return tasks;
        }
    }
}
